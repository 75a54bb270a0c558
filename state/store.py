"""Store: keyed bytes that change in atomic batches; what memory and rocks both promise."""

from collections.abc import Collection, Iterator, Mapping
from typing import Literal, Protocol

Fault = Literal["torn", "foreign", "newer", "locked", "closed", "failed"]
"""What is wrong: files damaged; not made by segue; made by a newer segue; in use by somebody else;
used after `close`; or the disk refused (full, read-only)."""


class StoreError(RuntimeError):
    """A store, or a value in it, cannot be used; says what, what was expected and the way out."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(detail)
        self.fault: Fault = fault


class Store(Protocol):
    """Keyed bytes of one partition. All that is written in one `write` survives, or nothing of it.

    >>> from state.memory import MemoryStore
    >>> store: Store = MemoryStore()
    >>> store.write({b"b": b"2", b"a": b"1", b"c": b"3"})
    >>> store.write({b"a": None, b"b": b"4"})
    >>> store.get(b"a"), store.get(b"b"), list(store.scan(b""))
    (None, b'4', [(b'b', b'4'), (b'c', b'3')])

    Every method raises `StoreError` once the store is closed, or when its bytes are damaged.
    """

    def get(self, key: bytes) -> bytes | None:
        """Return the value of this key, or None where there is none."""

    def write(self, changes: Mapping[bytes, bytes | None]) -> None:
        """Put every value under its key, delete where it is None: all of it, or nothing."""

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield (key, value) of the keys that begin with prefix, in the order of their bytes.

        What is seen is the store as it was when scan was called; later writes do not show.
        """

    def purge(self, keys: Collection[bytes]) -> None:
        """Leave nothing of deleted keys on the disk: their names and former values. Ends scans under way."""

    def close(self) -> None:
        """Let go of files and memory; closing twice is closing once."""
