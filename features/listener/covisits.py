"""Covisits: what recent sessions of others played around the tracks just heard, weighed by how they match.

For each of the newest distinct tracks, walk back over its newest plays. A play at distance p from the
end of this session weighs (1 + p)^-¾ · (1 + n)^-¾ for n plays in this session, and (1 + a / 1000)^-½ for
a newer blocks. It votes for the tracks after it, the d-th weighing (1 + |d − p|)^-½, aligned with where
this session is, and for those before it, ¾ (1 + d)^-½.

After Garg, Gupta, Malhotra, Vig & Shroff (2019), "Sequence and time aware neighborhood for session-based
recommendations: STAN", with single plays as neighbours instead of whole sessions.
"""

import math

import numpy as np

from features.listener.layout import PREFIX
from features.listener.own import touch
from features.track.recent import BLOCK_PLAYS
from numeric.arrays import Records
from numeric.jit import kernel

OCCASIONS = 30  # plays walked over for the newest track; for the one at place p of the prefix, 1/(1+p) of it
AROUND = 8  # plays looked at on either side
PLACES = 16  # newest plays of this session that may match
AGE = 1_000.0  # blocks
BACKWARD = 0.75
FAR = 511  # plays; what is farther counts as this far
VOTED_MAX = int(sum(OCCASIONS // (1 + p) for p in range(PREFIX))) * 2 * AROUND

_NEAR = np.array([1.0 / math.sqrt(1.0 + d) for d in range(FAR + AROUND + 1)])  # (1 + d)^-½
_PLAYS = np.array([1.0 / (math.sqrt(1.0 + n) * math.sqrt(math.sqrt(1.0 + n))) for n in range(256)])


@kernel
def fold_covisits(
    summary: Records,
    plays: Records,
    own: Records,
    tracks: Records,
    blocks: Records,
    newest_block: int,
    mark: np.uint64,
    votes: Records,
    voted: Records,
    stamp: int,
) -> None:
    """Fill ``votes`` (rows stamped ``stamp``), ``voted`` (their tracks), and the sums in ``summary``.

    ``mark`` is this session's: its own plays do not count.
    """
    now, count = summary[0], blocks.shape[0]
    n = _write_places(now, plays, votes, voted, stamp) if count else 0
    before = np.empty(AROUND, np.int32)
    for p in range(now.prefixes if count else 0):
        track = now.prefix[p]
        ago = min(own[track].ago, FAR)
        strength = _PLAYS[own[track].session] * _PLAYS[min(ago, 255)]
        place = int(tracks[track].newest_place)
        row = (place // BLOCK_PLAYS) % count  # a division takes as long as a vote: from here on steps
        for _ in range(OCCASIONS // (1 + p)):
            number = place // BLOCK_PLAYS
            if place == 0 or blocks[row].number != number:
                break
            here, slot = row, place - number * BLOCK_PLAYS
            place, row = _earlier(blocks, place, row)
            if blocks[here].mark == mark:
                continue
            weight = strength / math.sqrt(1.0 + (newest_block - number) / AGE)
            length, match = _read_before(blocks, here, slot, before, track, ago, votes, stamp)
            is_sequel = p == 0 and length > 0 and _place_of(votes, before[0], track, stamp) == 2
            for d in range(length):
                n = _vote(votes, voted, n, stamp, before[d], BACKWARD * weight * _NEAR[d + 1], match, 0.0)
            for d in range(AROUND):
                slot += 1
                if slot == blocks[here].plays:
                    here = _beside(blocks, here, blocks[here].after)
                    if here < 0:
                        break
                    slot = 0
                near, sequel = _NEAR[abs(d - ago)], weight if is_sequel and d == 0 else 0.0
                n = _vote(votes, voted, n, stamp, blocks[here].track[slot], weight * near, match, sequel)
    now.voted = n
    now.covisits = now.matches = now.sequels = 0.0
    for i in range(n):
        row = votes[voted[i]]
        now.covisits += row.covisit
        now.matches += row.matched
        now.sequels += row.sequel


@kernel
def _write_places(now: Records, plays: Records, votes: Records, voted: Records, stamp: int) -> int:
    """Write where the newest tracks of this session stand in it; return how many they are."""
    n = 0
    last = plays.shape[0] - 1
    for ago in range(min(PLACES, int(now.session_plays))):
        row = votes[plays[last - ago].track]
        if row.stamp != stamp:
            row.stamp = stamp
            row.covisit = row.matched = row.sequel = 0
            row.place = ago + 1
            voted[n] = plays[last - ago].track
            n += 1
    return n


@kernel
def _earlier(blocks: Records, place: int, row: int) -> tuple[int, int]:
    """Return place and row of the same track's play before the one at ``place``; place 0 if there is none."""
    back = blocks[row].earlier[place % BLOCK_PLAYS]
    if back == 0:
        return 0, row
    earlier = place - back
    passed = place // BLOCK_PLAYS - earlier // BLOCK_PLAYS
    if passed >= blocks.shape[0]:  # overwritten since
        return 0, row
    return earlier, row - passed if row >= passed else row - passed + blocks.shape[0]


@kernel
def _beside(blocks: Records, row: int, step: int) -> int:
    """Return the row of the same session's block ``step`` numbers on; −1 if it is not there."""
    count = blocks.shape[0]
    if step == 0 or abs(step) >= count:
        return -1
    number = blocks[row].number + step
    row += step
    if row < 0:
        row += count
    elif row >= count:
        row -= count
    return row if blocks[row].number == number else -1


@kernel
def _place_of(votes: Records, other: int, track: int, stamp: int) -> int:
    """Return where a track that is not ``track`` stands among this session's newest plays, 0: it does not."""
    row = votes[other]
    return int(row.place) if row.stamp == stamp and other != track else 0


@kernel
def _read_before(
    blocks: Records,
    row: int,
    slot: int,
    before: Records,
    track: int,
    ago: int,
    votes: Records,
    stamp: int,
) -> tuple[int, float]:
    """Write the tracks played before a place in its session, the nearest first.

    Return how many, and how much they have in common with what this session played before ``track``. A
    track it shares weighs 1 / (1 + how many plays nearer or farther it stood).
    """
    n, match = 0, 0.0
    while n < before.shape[0]:
        slot -= 1
        if slot < 0:
            row = _beside(blocks, row, -blocks[row].before)
            if row < 0:
                break
            slot = BLOCK_PLAYS - 1
        before[n] = blocks[row].track[slot]
        place = _place_of(votes, before[n], track, stamp)
        if place > 0:
            match += 1.0 / (1.0 + abs(place - 2 - ago - n))
        n += 1
    return n, match


@kernel
def _vote(
    votes: Records,
    voted: Records,
    n: int,
    stamp: int,
    track: int,
    weight: float,
    match: float,
    sequel: float,
) -> int:
    """Let one play speak for a track; return how many tracks have been spoken for."""
    row = votes[track]
    if row.stamp != stamp:
        row.stamp = stamp
        row.covisit = row.matched = row.sequel = 0
        row.place = 0
        voted[n] = track
        n += 1
    row.covisit += weight
    row.matched += weight * match
    row.sequel += sequel
    return n


@kernel
def place_covisits(candidates: Records, own: Records, votes: Records, summary: Records, stamp: int) -> None:
    """Write into the candidates' own rows what was voted for them, as shares of all votes."""
    now = summary[0]
    covisits, matches, sequels = max(now.covisits, 1e-9), max(now.matches, 1e-9), now.sequels + 0.5
    for i in range(candidates.shape[0]):
        row = votes[candidates[i]]
        touch(own, candidates[i], stamp)
        if row.stamp != stamp:
            continue
        mine = own[candidates[i]]
        mine.covisit = np.float32(row.covisit / covisits)
        mine.matched = np.float32(row.matched / matches)
        mine.sequel = np.float32(row.sequel / sequels)
