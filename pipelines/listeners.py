"""Listeners: the states of everybody met, the lately heard ones decoded, the others as bytes."""

from collections import OrderedDict
from collections.abc import Callable, Iterator

import msgspec

from pipelines import listener_v1, listener_v2
from pipelines.listener import Listener, restore_listener, store_listener
from state.envelope import seal, unseal
from state.keys import key, prefix
from state.store import Store, StoreError

FAMILY = "listener"
VERSION = 3
UPGRADES = {1: listener_v1.upgraded, 2: listener_v2.upgraded}
DECODED_MAX = 20_000
DISPLACED_MAX = 256
UNREADABLE = (msgspec.MsgspecError, ValueError, LookupError, OverflowError, TypeError, RecursionError)


def body_of(value: bytes, listener_id: str) -> bytes:
    """Return what `pipelines.listener.restore_listener` reads of a stored value, whoever wrote it."""
    return unseal(value, VERSION, UPGRADES, what=f"the state of listener {listener_id!r}")


def restored(value: bytes, listener_id: str, handle: Callable[[str], int]) -> Listener:
    """Return the state that a stored value holds; raises `StoreError` for bytes that nobody has stored."""
    try:
        return restore_listener(body_of(value, listener_id), handle)
    except UNREADABLE as error:
        raise StoreError(
            "torn", f"the state of listener {listener_id!r} cannot be read ({error}); it is to be made anew"
        ) from None


class Listeners:
    """A mapping from listener to state over a store.

    In a durable store nothing changes until the caller writes `changes`, all or nothing; else states
    that are not lately heard of go to the store as they are displaced.

    ``names`` gives the names of the tracks that states refer to by handle; ``handle`` the way back.
    """

    def __init__(
        self,
        store: Store,
        names: list[str],
        handle: Callable[[str], int],
        *,
        durable: bool = False,
        decoded_max: int = DECODED_MAX,
    ) -> None:
        self._durable = durable
        self._store = store
        self._names = names
        self._handle = handle
        self._decoded_max = decoded_max
        self._decoded: OrderedDict[str, Listener | None] = OrderedDict()
        self._dirty: set[str] = set()
        self._waiting: dict[bytes, bytes | None] = {}  # evicted while dirty, not yet in the store

    def get(self, listener_id: str) -> Listener | None:
        """Return a listener's state, None for somebody never met or forgotten."""
        if listener_id in self._decoded:
            self._decoded.move_to_end(listener_id)
            return self._decoded[listener_id]
        name = key(FAMILY, listener_id)
        value = self._waiting[name] if name in self._waiting else self._store.get(name)
        if value is None:
            return None
        state = self._restored(value, listener_id)
        self._keep(listener_id, state)
        return state

    def put(self, listener_id: str, state: Listener | None) -> None:
        """Replace a listener's state; None forgets the listener."""
        self._dirty.add(listener_id)
        self._keep(listener_id, state)
        self._decoded.move_to_end(listener_id)

    def changes(self) -> dict[bytes, bytes | None]:
        """Return what the store does not have yet; the caller writes it, all or nothing."""
        for listener_id in sorted(self._dirty):
            state = self._decoded[listener_id]
            self._waiting[key(FAMILY, listener_id)] = None if state is None else self._stored(state)
        self._dirty.clear()
        changes, self._waiting = self._waiting, {}
        return changes

    def scan(self) -> Iterator[tuple[str, Listener]]:
        """Yield every stored listener; what waits for `changes` is not among them."""
        start = prefix(FAMILY)
        for name, value in self._store.scan(start):
            listener_id = name[len(start) :].decode()
            yield listener_id, self._restored(value, listener_id)

    def _keep(self, listener_id: str, state: Listener | None) -> None:
        self._decoded[listener_id] = state
        if len(self._decoded) > self._decoded_max:
            evicted, old = self._decoded.popitem(last=False)
            if evicted in self._dirty:
                self._dirty.discard(evicted)
                self._waiting[key(FAMILY, evicted)] = None if old is None else self._stored(old)
        if len(self._waiting) >= DISPLACED_MAX and not self._durable:
            self._store.write(self._waiting)
            self._waiting = {}

    def _stored(self, state: Listener) -> bytes:
        return seal(VERSION, store_listener(state, self._names))

    def _restored(self, value: bytes, listener_id: str) -> Listener:
        return restored(value, listener_id, self._handle)
