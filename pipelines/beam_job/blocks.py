"""Blocks: records of one listener, packed together to travel, and unpacked in log order.

A record costs a runner microseconds however small it is, so what a shard holds of a listener goes
together. Blocks stay packed until it is their turn: a listener with a million plays takes their bytes.
"""

import heapq
from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Struct

from pipelines.beam_job.shards import Place


class Row(Struct, frozen=True, array_like=True, gc=False):
    """One record: where it stands, and what it was."""

    order_ms: int
    shard: int
    offset: int
    source: str
    line: int
    value: bytes

    @property
    def place(self) -> Place:
        """Where it stands in the log."""
        return Place(self.order_ms, self.shard, self.offset)


class Block(Struct, frozen=True, array_like=True):
    """Rows in order of their places; the first place is known without unpacking the rest."""

    first: Place
    rows: bytes


_encode = msgspec.msgpack.encode
_decode_block = msgspec.msgpack.Decoder(Block).decode
_decode_rows = msgspec.msgpack.Decoder(list[Row]).decode


def pack(rows: list[Row]) -> bytes:
    """Return one or more rows, in order of their places, as a block's bytes."""
    return _encode(Block(rows[0].place, _encode(rows)))


def in_log_order(blocks: Iterable[bytes]) -> Iterator[Row]:
    """Yield the rows of all blocks of a listener in log order, whatever order the blocks come in."""
    waiting = [(block.first, number, block) for number, block in enumerate(map(_decode_block, blocks))]
    heapq.heapify(waiting)
    open_: list[tuple[Place, int, Iterator[Row], Row]] = []
    while waiting or open_:
        while waiting and (not open_ or waiting[0][0] <= open_[0][0]):
            _, number, block = heapq.heappop(waiting)
            rows = iter(_decode_rows(block.rows))
            row = next(rows)
            heapq.heappush(open_, (row.place, number, rows, row))
        _, number, rows, row = open_[0]
        yield row
        following = next(rows, None)
        if following is None:
            heapq.heappop(open_)
        else:
            heapq.heapreplace(open_, (following.place, number, rows, following))
