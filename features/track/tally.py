"""Tally: what a part of the track events counts, as sums that merge; of all parts together facts are made.

The same counts as `counting.count`, for engines that see a track's events in many places and in any
order. A tally weighs by its newest event, so that nothing overflows, and merging moves landmarks by exact
powers of two. Sums agree with those of the ordered events to 1e-9; followers are kept without loss until
the end, where the table, which knows 48 at a time, may have let go of one and met it again.
"""

from collections.abc import Iterable, Iterator

import msgspec
import numpy as np
import numpy.typing as npt

from features.track.layout import BACKWARD, FOLLOWED, FOLLOWERS_KEPT, HEARD, PRECEDED, SHOWN
from features.track.table import STORED_FOLLOWER, TrackTable
from numeric.arrays import Floats, Indices
from numeric.exact import exp2
from numeric.jit import kernel
from topics.track_facts import TrackFacts

Keys = npt.NDArray[np.uint64]

PLAYS, SKIPS, JUDGED, EXPOSURES, RESIDUAL, FOLLOW_NEAR, FOLLOW_FAR = range(7)  # columns of ``sums``
POPULARITY, FOLLOWING = slice(PLAYS, RESIDUAL + 1), slice(FOLLOW_NEAR, FOLLOW_FAR + 1)
UNHEARD_MS = 2**62


class Tally(msgspec.Struct, frozen=True):
    """Sums of n tracks and of p pairs (track, follower), each once, in order of their keys.

    Shapes: keys, first_ms and newest_ms (n,), sums (n, 7), pairs (p, 2), pair_sums (p, 2): near, far.
    Landmarks are whole half-lives since 1970, as in `topics.track_facts`.
    """

    popularity_landmark: int
    follower_landmark: int
    names: list[str]
    keys: Keys
    sums: Floats
    first_ms: Indices  # first heard, `UNHEARD_MS` for never
    newest_ms: Indices
    pairs: Keys
    pair_sums: Floats

    def split(self, parts: int) -> Iterator[tuple[int, "Tally"]]:
        """Yield (part, what falls to it) for every part that has any; a track belongs to one part."""
        count = np.uint64(parts)
        part_of, part_of_pair = self.keys % count, self.pairs[:, 0] % count
        for part in np.unique(part_of).tolist():
            rows, pairs = np.flatnonzero(part_of == part), part_of_pair == part
            yield part, Tally(
                self.popularity_landmark, self.follower_landmark, [self.names[row] for row in rows.tolist()],
                self.keys[rows], self.sums[rows], self.first_ms[rows], self.newest_ms[rows],
                self.pairs[pairs], self.pair_sums[pairs],
            )  # fmt: skip

    def facts(self) -> Iterator[TrackFacts]:
        """Yield the facts of every track, with its heaviest followers, equals by key."""
        weight = self.pair_sums.sum(axis=1)
        order = np.lexsort((self.pairs[:, 1], -weight, self.pairs[:, 0]))
        starts = np.searchsorted(self.pairs[order, 0], self.keys)
        ends = np.searchsorted(self.pairs[order, 0], self.keys, side="right")
        for row, name in enumerate(self.names):
            listed = order[starts[row] : min(starts[row] + FOLLOWERS_KEPT, ends[row])]
            followers = np.empty(len(listed), STORED_FOLLOWER)
            followers["key"] = self.pairs[listed, 1]
            followers["near"], followers["far"] = self.pair_sums[listed].T
            plays, skips, judged, exposures, residual, near, far = self.sums[row].tolist()
            first_ms = int(self.first_ms[row])
            yield TrackFacts(
                name, int(self.newest_ms[row]), plays, skips, judged, exposures, residual, near, far,
                self.popularity_landmark, self.follower_landmark, followers.tobytes(),
                first_heard_ms=None if first_ms == UNHEARD_MS else first_ms,
            )  # fmt: skip

    def encode(self) -> bytes:
        """Return the tally as bytes."""
        fields = (
            np.ascontiguousarray(part).tobytes()
            for part in (self.keys, self.sums, self.first_ms, self.newest_ms, self.pairs, self.pair_sums)
        )
        return msgspec.msgpack.encode((self.popularity_landmark, self.follower_landmark, self.names, *fields))


def decode_tally(value: bytes) -> Tally:
    """Return the tally that `Tally.encode` wrote."""
    popularity, follower, names, keys, sums, first_ms, newest_ms, pairs, pair_sums = _decode(value)
    return Tally(
        popularity, follower, names, np.frombuffer(keys, np.uint64), np.frombuffer(sums).reshape(-1, 7),
        np.frombuffer(first_ms, np.int64), np.frombuffer(newest_ms, np.int64),
        np.frombuffer(pairs, np.uint64).reshape(-1, 2), np.frombuffer(pair_sums).reshape(-1, 2),
    )  # fmt: skip


_decode = msgspec.msgpack.Decoder(tuple[int, int, list[str], bytes, bytes, bytes, bytes, bytes, bytes]).decode


def tally_of(events: npt.NDArray[np.void], table: TrackTable) -> Tally:
    """Return what n > 0 events (dtype EVENT) count; ``table`` says whose handles they hold, and half-lives.

    Tracks must be there by name, not only as somebody's follower.
    """
    clock = table.clock[0]
    newest_ms = int(events["at_ms"].max())
    popularity = int(newest_ms / clock["popularity_half_life_ms"])
    following = int(newest_ms / clock["follower_half_life_ms"])
    heard, shown, followed, preceded = (events["kind"] == kind for kind in (HEARD, SHOWN, FOLLOWED, PRECEDED))
    paired = followed | preceded
    weights = _weights(
        events["at_ms"], paired,
        clock["popularity_half_life_ms"], clock["follower_half_life_ms"], popularity, following,
    )  # fmt: skip
    handles, row = np.unique(events["track"], return_inverse=True)
    keys = table.tracks["key"][handles]
    order = np.argsort(keys)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    row = place[row]
    terms = np.zeros((len(events), 7))
    judged = heard & (events["skipped"] >= 0)
    terms[heard, PLAYS] = weights[heard]
    terms[judged, JUDGED] = weights[judged]
    terms[judged, SKIPS] = weights[judged] * events["skipped"][judged]
    terms[shown, EXPOSURES] = weights[shown]
    terms[shown, RESIDUAL] = weights[shown] * events["residual"][shown]
    near = followed & (events["steps"] == 1)
    far = followed & ~near
    terms[near, FOLLOW_NEAR] = weights[near]
    terms[far, FOLLOW_FAR] = weights[far] / events["steps"][far]
    terms[preceded, FOLLOW_FAR] = BACKWARD * weights[preceded] / (events["steps"][preceded] + 1.0)
    pairs = np.stack([table.tracks["key"][events["track"]], table.tracks["key"][events["by"]]], axis=1)
    pairs, pair_of = _grouped(pairs[paired])
    first_ms = np.where(heard, events["at_ms"], UNHEARD_MS)
    return Tally(
        popularity,
        following,
        [table.names[handle] for handle in handles[order].tolist()],
        keys[order],
        _added(terms, row, len(keys)),
        *_extremes(first_ms, events["at_ms"], row, len(keys)),
        pairs,
        _added(terms[paired][:, FOLLOWING], pair_of, len(pairs)),
    )


def merged(tallies: Iterable[Tally]) -> Tally:
    """Return what all of one or more tallies count together, each track and pair once again."""
    parts = list(tallies)
    popularity = max(part.popularity_landmark for part in parts)
    following = max(part.follower_landmark for part in parts)
    sums = [part.sums.copy() for part in parts]
    pair_sums = []
    for own, part in zip(sums, parts, strict=True):
        factor = exp2(float(part.follower_landmark - following))
        own[:, POPULARITY] *= exp2(float(part.popularity_landmark - popularity))
        own[:, FOLLOWING] *= factor
        pair_sums.append(part.pair_sums * factor)
    grouped, row = _grouped(np.concatenate([part.keys for part in parts])[:, None])
    keys = grouped[:, 0]
    names = dict(zip(row.tolist(), (name for part in parts for name in part.names), strict=True))
    pairs, pair_of = _grouped(np.concatenate([part.pairs for part in parts]))
    first_ms = np.concatenate([part.first_ms for part in parts])
    newest_ms = np.concatenate([part.newest_ms for part in parts])
    return Tally(
        popularity,
        following,
        [names[row] for row in range(len(keys))],
        keys,
        _added(np.concatenate(sums), row, len(keys)),
        *_extremes(first_ms, newest_ms, row, len(keys)),
        pairs,
        _added(np.concatenate(pair_sums), pair_of, len(pairs)),
    )


def _grouped(rows: Keys) -> tuple[Keys, Indices]:
    """Return the distinct rows (n, k) in order, and for each row the place of its like."""
    if not len(rows):
        return rows, np.zeros(0, np.int64)
    order = np.lexsort(rows.T[::-1])
    ordered = rows[order]
    begins = np.ones(len(rows), np.bool_)
    begins[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    place = np.empty(len(rows), np.int64)
    place[order] = np.cumsum(begins) - 1
    return ordered[begins], place


def _added(terms: Floats, place: Indices, n: int) -> Floats:
    sums = np.zeros((n, terms.shape[1]))
    _add(sums, np.ascontiguousarray(terms), place)
    return sums


def _extremes(first_ms: Indices, newest_ms: Indices, row: Indices, n: int) -> tuple[Indices, Indices]:
    first, newest = np.full(n, UNHEARD_MS, np.int64), np.full(n, -1, np.int64)
    np.minimum.at(first, row, first_ms)
    np.maximum.at(newest, row, newest_ms)
    return first, newest


@kernel
def _add(sums: Floats, terms: Floats, place: Indices) -> None:
    for i in range(terms.shape[0]):
        for k in range(terms.shape[1]):
            sums[place[i], k] += terms[i, k]


@kernel
def _weights(
    at_ms: Indices,
    followed: npt.NDArray[np.bool_],
    popularity_half_life_ms: int,
    follower_half_life_ms: int,
    popularity_landmark: int,
    follower_landmark: int,
) -> Floats:
    """Return 2^((t − landmark) / half-life) for each event (n,), by the half-life of its kind."""
    weights = np.empty(at_ms.shape[0])
    for i in range(at_ms.shape[0]):
        if followed[i]:
            weights[i] = exp2(at_ms[i] / follower_half_life_ms - follower_landmark)
        else:
            weights[i] = exp2(at_ms[i] / popularity_half_life_ms - popularity_landmark)
    return weights
