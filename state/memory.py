"""MemoryStore: a store that lives and dies with its process."""

from collections.abc import Collection, Iterator, Mapping

from state.store import StoreError


class MemoryStore:
    """A dict behind the store protocol; nothing survives `close`.

    >>> store = MemoryStore()
    >>> store.write({b"listener/ann": b"1", b"track/t1": b"2"})
    >>> list(store.scan(b"listener/"))
    [(b'listener/ann', b'1')]
    """

    def __init__(self) -> None:
        self._values: dict[bytes, bytes] | None = {}

    def _open(self) -> dict[bytes, bytes]:
        if self._values is None:
            raise StoreError("closed", "this store in memory is closed, expected an open one; open another")
        return self._values

    def get(self, key: bytes) -> bytes | None:
        """Return the value of this key, or None where there is none."""
        return self._open().get(key)

    def write(self, changes: Mapping[bytes, bytes | None]) -> None:
        """Put every value under its key, delete where it is None."""
        values = self._open()
        for key, value in changes.items():
            if value is None:
                values.pop(key, None)
            else:
                values[key] = value

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield (key, value) of the keys that begin with prefix, in order, as of this call."""
        return iter(sorted(pair for pair in self._open().items() if pair[0].startswith(prefix)))

    def purge(self, keys: Collection[bytes]) -> None:  # noqa: ARG002  as the protocol says
        """Do nothing: what was deleted is gone, there is no disk."""
        self._open()

    def close(self) -> None:
        """Forget everything."""
        self._values = None
