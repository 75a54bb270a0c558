"""Baselines that learn as they predict: popular, own-popular, and followers of the play before.

Exact counts, an exact top list each, and a few microseconds a play, so that they can run beside the
engine in the same pass. Source: first-order Markov chain, Rendle et al. (2010), section 4, by counts.
"""

from collections.abc import Iterable, Mapping
from struct import Struct as Layout
from sys import intern

TOP = 20
EVERYONE = ""  # the one key of the popular counter
Counted = tuple[str, int, int]  # track, count, and the number of the play by which it was reached
_COUNT = Layout("<QQ")  # the latter two


class TopCounter:
    """Counts of tracks per key, with the `TOP` most counted of each key in exact order.

    Of two tracks with equal counts, the one that reached that count first is ahead. Counts only grow,
    and by one, so a track that enters or climbs goes behind all that have its new count already.
    ``rows`` puts back what was counted before.

    >>> counter = TopCounter()
    >>> for track in ("a", "b", "b", "a"):
    ...     rank = counter.add("ann", track)
    >>> counter.top("ann"), counter.rank("ann", "a"), counter.rank("ann", "c")
    (['b', 'a'], 1, None)
    """

    def __init__(self, rows: Mapping[str, Iterable[Counted]] | None = None) -> None:
        self._kept: dict[str, tuple[dict[str, int], list[str]]] = {}  # key → counts, top list
        for key, counted in (rows or {}).items():
            ahead = sorted(counted, key=lambda row: (-row[1], row[2]))
            self._kept[key] = ({row[0]: row[1] for row in ahead}, [row[0] for row in ahead[:TOP]])

    def add(self, key: str, track_id: str) -> int | None:
        """Count a track once more under a key, and return its `rank` as it was before."""
        kept = self._kept.get(key)
        if kept is None:
            self._kept[key] = ({track_id: 1}, [track_id])
            return None
        counts, top = kept
        old = counts.get(track_id, 0)
        if old == 0:
            counts[track_id] = 1
            if len(top) < TOP:
                top.append(track_id)
            return None
        least = counts[top[-1]]
        counts[track_id] = old + 1
        if old < least or (old == least and track_id not in top):  # not in the list: so it is full
            if old == least:
                top.pop()
                _insert(top, counts, track_id)
            return None
        rank = top.index(track_id)
        if rank > 0 and counts[top[rank - 1]] == old:
            del top[rank]
            _insert(top, counts, track_id)
        return rank

    def top(self, key: str) -> list[str]:
        """Return the most counted tracks of a key, best first, at most `TOP`."""
        kept = self._kept.get(key)
        return list(kept[1]) if kept else []

    def rank(self, key: str, track_id: str) -> int | None:
        """Return the place of a track in a key's top list, from 0; None if it is not among the `TOP`."""
        kept = self._kept.get(key)
        return kept[1].index(track_id) if kept and track_id in kept[1] else None

    def count(self, key: str, track_id: str) -> int:
        """Return how often a track was counted under a key."""
        kept = self._kept.get(key)
        return kept[0].get(track_id, 0) if kept else 0

    def drop(self, key: str) -> list[str]:
        """Forget a key; return the tracks that were counted under it."""
        kept = self._kept.pop(key, None)
        return list(kept[0]) if kept else []


def _reached(row: Counted) -> int:
    return row[2]


def _insert(top: list[str], counts: dict[str, int], track_id: str) -> None:
    """Put a track behind all that have at least its count."""
    count = counts[track_id]
    place = len(top)
    while place > 0 and counts[top[place - 1]] < count:
        place -= 1
    top.insert(place, track_id)


class Baselines:
    """The three baselines over one log: `observe` tells the ranks of a play, then learns it.

    With ``keep_changes`` it remembers what changed until `changes` is called, for a store.

    >>> baselines = Baselines()
    >>> for track in ("a", "b", "a"):
    ...     ranks = baselines.observe("ann", track)
    >>> ranks
    {'popular': 0, 'own_popular': 0, 'markov': None}
    >>> baselines.observe("ann", "b")
    {'popular': 1, 'own_popular': 1, 'markov': 0}
    """

    def __init__(self, keep_changes: bool = False) -> None:
        self.plays = 0
        self._popular = TopCounter()
        self._own = TopCounter()
        self._markov = TopCounter()
        self._before: dict[str, str] = {}  # listener → track of their newest play
        self._changed: dict[tuple[bytes, str, str], int] | None = {} if keep_changes else None

    def observe(self, listener_id: str, track_id: str) -> dict[str, int | None]:
        """Return where each baseline had this track, from 0 (None: not among its `TOP`), then count it.

        Plays of one listener come in the order in which they were heard; sessions make no difference.
        """
        track_id = intern(track_id)
        listener_id = intern(listener_id)
        before = self._before.get(listener_id)
        ranks = {
            "popular": self._popular.add(EVERYONE, track_id),
            "own_popular": self._own.add(listener_id, track_id),
            "markov": None if before is None else self._markov.add(before, track_id),
        }
        self._before[listener_id] = track_id
        if self._changed is not None:
            self._changed[b"p", EVERYONE, track_id] = self.plays
            self._changed[b"o", listener_id, track_id] = self.plays
            if before is not None:
                self._changed[b"m", before, track_id] = self.plays
        self.plays += 1
        return ranks

    def forget(self, listener_id: str) -> None:
        """Forget a listener; what they added to everyone's counts stays, without a name."""
        for track_id in self._own.drop(listener_id):
            if self._changed is not None:
                self._changed[b"o", listener_id, track_id] = self.plays
        self._before.pop(listener_id, None)

    def changes(self) -> dict[bytes, bytes | None]:
        """Return what changed since the last call, as keys and values for a store; None is a delete.

        A key is its kind (popular, own, markov), the length of its first name in bytes, and both names.
        """
        if self._changed is None:
            raise ValueError("changes are not kept; make it with Baselines(keep_changes=True)")
        counters = {b"p": self._popular, b"o": self._own, b"m": self._markov}
        found: dict[bytes, bytes | None] = {}
        for (kind, key, track_id), reached in self._changed.items():
            first = key.encode()
            count = counters[kind].count(key, track_id)
            name = b"%b%c%b%b" % (kind, len(first), first, track_id.encode())
            found[name] = _COUNT.pack(count, reached) if count else None
        self._changed.clear()
        return found

    def restore(self, stored: Iterable[tuple[bytes, bytes]]) -> None:
        """Put back all that `changes` ever returned, the newest value of each key; replaces what is known.

        A listener's newest play is the one counted last, so it need not be kept.
        """
        kept: dict[bytes, dict[str, list[Counted]]] = {b"p": {}, b"o": {}, b"m": {}}
        for name, value in stored:
            border = 2 + name[1]
            key, track_id = intern(name[2:border].decode()), intern(name[border:].decode())
            count, reached = _COUNT.unpack(value)
            kept[name[:1]].setdefault(key, []).append((track_id, count, reached))
        self._popular, self._own, self._markov = (TopCounter(rows) for rows in kept.values())
        self._before = {listener_id: max(rows, key=_reached)[0] for listener_id, rows in kept[b"o"].items()}
        self.plays = 1 + max((_reached(row) for row in kept[b"p"].get(EVERYONE, ())), default=-1)
