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

OCCASIONS = 100  # plays walked over for the newest track; for the one at place p of the prefix, 1/(1+p) of it
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
    now = summary[0]
    n = _write_places(now, plays, votes, voted, stamp) if blocks.shape[0] else 0
    before = np.empty(AROUND, np.int32)
    for p in range(now.prefixes if blocks.shape[0] else 0):
        track = now.prefix[p]
        ago = min(own[track].ago, FAR)
        strength = _PLAYS[own[track].session] * _PLAYS[min(ago, 255)]
        place = tracks[track].newest_place
        for _ in range(OCCASIONS // (1 + p)):
            number = place // BLOCK_PLAYS
            block = blocks[number % blocks.shape[0]]
            if place == 0 or block.number != number:
                break
            slot = place - number * BLOCK_PLAYS
            place = place - block.earlier[slot] if block.earlier[slot] != 0 else 0
            if block.mark == mark:
                continue
            weight = strength / math.sqrt(1.0 + (newest_block - number) / AGE)
            length = _read_before(blocks, number, slot, before)
            match, is_sequel = _matched(before[:length], track, ago, p == 0, votes, stamp)
            for d in range(length):
                n = _vote(votes, voted, n, stamp, before[d], BACKWARD * weight * _NEAR[d + 1], match, 0.0)
            for d in range(AROUND):
                slot += 1
                if slot == block.plays:
                    number += block.after
                    if block.after == 0 or blocks[number % blocks.shape[0]].number != number:
                        break
                    block = blocks[number % blocks.shape[0]]
                    slot = 0
                near, sequel = _NEAR[abs(d - ago)], weight if is_sequel and d == 0 else 0.0
                n = _vote(votes, voted, n, stamp, block.track[slot], weight * near, match, sequel)
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
def _matched(
    before: Records, track: int, ago: int, is_newest: bool, votes: Records, stamp: int
) -> tuple[float, bool]:
    """Return how much a session had in common with this one before it played ``track``.

    And whether it had played this session's two newest tracks in a row. A track it shares weighs
    1 / (1 + how many plays nearer or farther it stood).
    """
    match, is_sequel = 0.0, False
    for d in range(before.shape[0]):
        row = votes[before[d]]
        if row.stamp == stamp and row.place > 0 and before[d] != track:
            match += 1.0 / (1.0 + abs(row.place - 2 - ago - d))
            if is_newest and d == 0 and row.place == 2:
                is_sequel = True
    return match, is_sequel


@kernel
def _read_before(blocks: Records, number: int, slot: int, before: Records) -> int:
    """Write the tracks played before a place in its session, the nearest first; return how many."""
    block = blocks[number % blocks.shape[0]]
    n = 0
    while n < before.shape[0]:
        slot -= 1
        if slot < 0:
            number -= block.before
            if block.before == 0 or blocks[number % blocks.shape[0]].number != number:
                break
            block = blocks[number % blocks.shape[0]]
            slot = BLOCK_PLAYS - 1
        before[n] = block.track[slot]
        n += 1
    return n


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
