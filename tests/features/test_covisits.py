"""Covisits: votes are what the formula says, over other sessions alone, in order of time."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.listener.covisits import AGE, AROUND, BACKWARD, OCCASIONS
from features.track.recent import BLOCK_PLAYS, RecentPlays
from features.track.table import TrackTable
from pipelines.views import Workspace
from tests.contracts.world import NOW_MS, Heard, World, plays_of, recalled

Sessions = list[list[str]]
KINDS = ("covisit", "matched", "sequel")
OWN = 7  # mark of the listener's own session, see `recalled`


def world_of(sessions: Sessions, plays_max: int = 8_000) -> World:
    """A world in which others have played these sessions, one after the other."""
    world = World(TrackTable(), Workspace(), RecentPlays(plays_max))
    for mark, tracks in enumerate(sessions, start=100):
        for track in tracks:
            world.recent.append(mark, world.table.handle(track), world.table)
    return world


def voted(world: World, session: list[str]) -> dict[str, tuple[float, ...]]:
    """Votes by track: covisit, matched, sequel; of a session that has got so far."""
    history = [Heard(t, NOW_MS - 60_000 * (len(session) - i), 1, -1, 0) for i, t in enumerate(session)]
    recalled(plays_of(history, world), NOW_MS, world)
    votes, now = world.work.votes, world.work.summary[0]
    return {
        world.table.names[handle]: tuple(
            float(votes[handle][kind]) for kind in ("covisit", "matched", "sequel")
        )
        for handle in world.work.voted[: now["voted"]].tolist()
        if votes[handle]["covisit"] > 0
    }


def plainly(sessions: Sessions, session: list[str]) -> dict[str, list[float]]:
    """The same, from the words of the docstring."""
    numbers, number = [], 0
    for tracks in sessions:
        numbers.append([number + 1 + i // BLOCK_PLAYS for i in range(len(tracks))])
        number += -(-len(tracks) // BLOCK_PLAYS)
    found: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    newest_first = list(dict.fromkeys(reversed(session)))
    for p, track in enumerate(newest_first[:5]):
        ago = session[::-1].index(track)
        strength = ((1 + session.count(track)) * (1 + ago)) ** -0.75
        occasions = [(s, i) for s, tracks in enumerate(sessions) for i, t in enumerate(tracks) if t == track]
        for s, i in occasions[::-1][: OCCASIONS // (1 + p)]:
            tracks = sessions[s]
            weight = strength * (1 + (number - numbers[s][i]) / AGE) ** -0.5
            before, after = tracks[:i][::-1][:AROUND], tracks[i + 1 :][:AROUND]
            places = {t: session[::-1].index(t) for t in session}
            match = sum(
                1 / (1 + abs(places[t] - 1 - ago - d))
                for d, t in enumerate(before)
                if t in places and t != track
            )
            for d, t in enumerate(before):
                found[t][0] += BACKWARD * weight * (2 + d) ** -0.5
                found[t][1] += BACKWARD * weight * (2 + d) ** -0.5 * match
            for d, t in enumerate(after):
                found[t][0] += weight * (1 + abs(d - ago)) ** -0.5
                found[t][1] += weight * (1 + abs(d - ago)) ** -0.5 * match
                if (
                    d == 0
                    and p == 0
                    and len(newest_first) > 1
                    and before[:1] == [session[::-1][1]] != [track]
                ):
                    found[t][2] += weight
    return found


tracks = st.sampled_from([f"t{i}" for i in range(8)])


@given(
    st.lists(st.lists(tracks, min_size=1, max_size=20), max_size=12),
    st.lists(tracks, min_size=1, max_size=10),
)
def test_votes_are_what_the_formula_says(sessions: Sessions, session: list[str]) -> None:
    """Against the same written down plainly, over sessions in and across blocks."""
    found, expected = voted(world_of(sessions), session), plainly(sessions, session)

    assert found.keys() == {track for track, votes in expected.items() if votes[0] > 0}
    for track, votes in found.items():
        assert votes == pytest.approx(expected[track], rel=1e-5)


def test_the_session_s_own_plays_do_not_count() -> None:
    """Else a listener alone would confirm himself."""
    world = world_of([])
    for track in ("a", "b", "a", "c"):
        world.recent.append(OWN, world.table.handle(track), world.table)

    assert voted(world, ["a", "b", "a"]) == {}


def test_a_newer_session_counts_more_than_an_older_one() -> None:
    """What came after the same track, a thousand sessions apart."""
    sessions = [["a", "old"], *([f"x{i}"] for i in range(1_000)), ["a", "new"]]
    found = voted(world_of(sessions, plays_max=80_000), ["a"])

    assert found["new"][0] == pytest.approx(found["old"][0] * (1 + 1_001 / AGE) ** 0.5, rel=1e-5)


def test_a_session_that_began_alike_counts_more() -> None:
    """`matched` and `sequel` tell of the session that had this one's tracks before."""
    found = voted(world_of([["x", "b", "alike"], ["y", "b", "other"]]), ["x", "b"])

    assert found["alike"][1] > 0 == found["other"][1]
    assert found["alike"][2] > 0 == found["other"][2]


def test_nothing_is_known_of_tracks_that_nobody_played() -> None:
    """No votes, and no division by their sum."""
    assert voted(world_of([["a", "b"]]), ["unheard"]) == {}
    assert voted(world_of([["a", "b"]]), []) == {}
    assert voted(world_of([["a", "b"]], plays_max=0), ["a"]) == {}


def test_what_an_occasion_adds_depends_on_no_later_one() -> None:
    """Votes for the newest occasions first: the walk stops after so many."""
    many = [["a", f"b{i}"] for i in range(OCCASIONS + 20)]
    found = voted(world_of(many), ["a"])

    assert set(found) == {f"b{i}" for i in range(20, OCCASIONS + 20)}
    weights = [found[f"b{i}"][0] for i in range(20, OCCASIONS + 20)]
    assert all(older < newer for older, newer in pairwise(weights))
    assert np.isfinite(weights).all()
