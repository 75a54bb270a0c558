"""Recent plays: the newest plays of everybody, session by session, linked to their tracks' earlier ones.

Sessions lie in blocks of `BLOCK_PLAYS`, so that what was played around a play is read from one place in
memory. Blocks are used in turn; the oldest is overwritten, with all its plays.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from features.track.layout import TRACK
from features.track.table import TrackTable
from numeric.arrays import Bytes, Indices, bytes_of
from numeric.jit import kernel, layout

BLOCK_PLAYS = 8
STORED_BLOCK = np.dtype(
    [
        ("number", "<i8"),
        ("mark", "<u8"),
        ("turn", "<i8"),
        ("before", "<i4"),
        ("after", "<i4"),
        ("plays", "<i4"),
        ("track", "<u8", (BLOCK_PLAYS,)),  # by key
        ("earlier", "<i4", (BLOCK_PLAYS,)),
        ("since", "<u4", (BLOCK_PLAYS,)),
    ]
)
REACH = 2**31 - 1  # places; an earlier play further back is not found

BLOCK = layout(
    [
        ("number", "i8"),  # blocks are numbered from 1 in the order of their first plays; 0: never used
        ("mark", "u8"),  # of the session
        ("turn", "i8"),  # of its first play: plays are numbered in the order in which they came
        ("before", "i4"),  # how many blocks back the session's previous block is, 0: there is none
        ("after", "i4"),  # how many blocks on its next one is
        ("plays", "i4"),
        ("track", "i4", (BLOCK_PLAYS,)),
        ("earlier", "i4", (BLOCK_PLAYS,)),  # how many places back the track's earlier play is, 0: none
        ("since", "u4", (BLOCK_PLAYS,)),  # turn of each play, counted from the block's
    ]
)


class RecentPlays:
    """The newest plays, at most ``plays_max`` of them (a multiple of `BLOCK_PLAYS`); 0 keeps none.

    A place names a play for ever: its block's number times `BLOCK_PLAYS`, plus where it stands in there.
    A track's newest place is in its row of the table.

    >>> table, recent = TrackTable(), RecentPlays(800)
    >>> a, b = table.handle("a"), table.handle("b")
    >>> for track in (a, b, a):
    ...     recent.append(7, track, table)
    >>> table.tracks["newest_place"][[a, b]].tolist()
    [10, 9]
    """

    def __init__(self, plays_max: int) -> None:
        self.blocks: npt.NDArray[np.void] = np.zeros(plays_max // BLOCK_PLAYS, BLOCK)
        self.block_bytes = bytes_of(self.blocks)
        self.clock = np.zeros(2, np.int64)  # number of the newest block, plays so far
        self.open: dict[int, int] = {}  # session mark → number of its newest block, while that is there
        self.changed: set[int] | None = None  # rows since the owner emptied it, if it asked for them

    def stored(self, row: int, table: TrackTable) -> bytes:
        """Return one row of ``blocks`` as bytes that mean the same in every process."""
        block = np.zeros((), STORED_BLOCK)
        for name in STORED_BLOCK.names or ():
            block[name] = self.blocks[row][name]
        block["track"] = table.tracks["key"][self.blocks[row]["track"]]
        block["track"][int(block["plays"]) :] = 0
        return block.tobytes()

    def restore(self, blocks: Iterable[bytes], places: Iterable[tuple[int, int]], table: TrackTable) -> None:
        """Put back what `stored` gave for every row, and (handle, newest place) of every track."""
        for value in blocks:
            block = np.frombuffer(value, STORED_BLOCK)[0]
            row = self.blocks[int(block["number"]) % len(self.blocks)]
            for name in STORED_BLOCK.names or ():
                if name != "track":
                    row[name] = block[name]
            for slot in range(int(block["plays"])):
                row["track"][slot] = table.handle_of_key(int(block["track"][slot]))
            if block["after"] == 0:
                self.open[int(block["mark"])] = int(block["number"])
        for handle, place in places:
            table.tracks[handle]["newest_place"] = place

    def append(self, mark: int, track: int, table: TrackTable) -> None:
        """Add the next play of the session named by ``mark``, an unsigned 64-bit number."""
        if not len(self.blocks):
            return
        number = self.open.get(mark, 0)
        added, gone, gone_mark = append_play(
            self.block_bytes, self.clock, table.track_bytes, np.uint64(mark), number, track
        )
        if gone and self.open.get(int(gone_mark)) == gone:
            del self.open[int(gone_mark)]
        if added != number:
            self.open[mark] = added
            if number:
                self._note(number % len(self.blocks))
        self._note(added % len(self.blocks))

    def _note(self, row: int) -> None:
        if self.changed is not None:
            self.changed.add(row)


@kernel
def append_play(
    block_bytes: Bytes, clock: Indices, track_bytes: Bytes, mark: np.uint64, number: int, track: int
) -> tuple[int, int, np.uint64]:
    """Add a play behind those of block ``number`` (0: it opens a session).

    Return its block's number, and the number and mark of the block that had to go (0, 0: none).
    """
    blocks, tracks = block_bytes.view(BLOCK), track_bytes.view(TRACK)
    count = blocks.shape[0]
    gone, gone_mark = 0, np.uint64(0)
    if number == 0 or blocks[number % count].plays == BLOCK_PLAYS:
        new = clock[0] + 1
        clock[0] = new
        block = blocks[new % count]
        gone, gone_mark = int(block.number), block.mark
        block.number = new
        block.mark = mark
        block.turn = clock[1]
        block.before = 0
        block.after = 0
        block.plays = 0
        if number > 0 and blocks[number % count].number == number:
            block.before = new - number
            blocks[number % count].after = new - number
        number = new
    block = blocks[number % count]
    slot = block.plays
    place = number * BLOCK_PLAYS + slot
    earlier = tracks[track].newest_place
    block.track[slot] = track
    block.earlier[slot] = place - earlier if earlier > 0 and abs(place - earlier) <= REACH else 0
    block.since[slot] = clock[1] - block.turn
    block.plays = slot + 1
    clock[1] += 1
    tracks[track].newest_place = place
    return int(number), int(gone), gone_mark
