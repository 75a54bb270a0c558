"""One hostile listener: whatever they send, what others are shown is what a few of their plays would do."""

from collections.abc import Iterator
from itertools import count, islice
from random import Random

import pytest

from pipelines.replay.engine import Engine
from pipelines.settings import HOUR_MS, load_settings
from state.memory import MemoryStore
from topics.play import Play
from topics.scores import ScoredTrack
from topics.track import Track

pytestmark = [pytest.mark.compiled, pytest.mark.slow]

START_MS = 1_735_689_600_000
TRACKS = [f"t{k}" for k in range(200)]
PUSHED = TRACKS[190:]  # what the bot would have others hear; nobody else likes them
LISTENERS, PLAYS, HOURS = 1_000, 4_000, 4
HOSTILE_PLAYS, HOSTILE_FROM_MS, HOSTILE_FOR_MS = 100_000, HOUR_MS, 5_000
LIMIT = 600
EVEN_SHARE = len(PUSHED) / len(TRACKS)  # of others' slots: what SECURITY.md promises of such a town

Slates = dict[str, tuple[ScoredTrack, ...]]


def town() -> Iterator[tuple[int, Play]]:
    """A thousand people, new to everybody, a thousand plays an hour: (moment, play) in order."""
    dice = Random(3)
    tastes = [dice.sample(TRACKS[:190], 15) for _ in range(LISTENERS)]
    for k in range(PLAYS):
        at_ms = START_MS + k * HOURS * HOUR_MS // PLAYS
        who = dice.randrange(LISTENERS)
        track = dice.choice(tastes[who])
        yield at_ms, Play(f"e{k}", f"listener {who}", track, at_ms - 60_000, 60_000, length_ms=60_000)


def bot() -> Iterator[tuple[int, Play]]:
    """One listener who hears and likes what is pushed, right behind everything that others like."""
    dice = Random(4)
    for k in range(HOSTILE_PLAYS):
        at_ms = START_MS + HOSTILE_FROM_MS + k * HOSTILE_FOR_MS // HOSTILE_PLAYS
        track = PUSHED[k % len(PUSHED)] if k % 2 else dice.choice(TRACKS[:190])
        yield at_ms, Play(f"b{k}", "bot", track, at_ms - 1_000, 1_000, length_ms=1_000, liked=k % 2)


def slates_of_others(hostile: int, limit: int = LIMIT) -> Slates:
    """What everybody else is shown, by what they had played, where a bot has sent so many plays."""
    engine = Engine(load_settings(limits={"records_per_hour": limit}), MemoryStore())
    for track in TRACKS:
        engine.views.table.list_track(Track(track, length_ms=60_000))
    order = count()
    sources = (town(), islice(bot(), hostile))
    slates: Slates = {}
    for at_ms, _, play in sorted((at_ms, next(order), play) for source in sources for at_ms, play in source):
        done = engine.take(play, at_ms)
        if play.listener_id != "bot":
            assert done.decided is not None
            slates[play.event_id] = done.decided.scores.slate
    assert engine.counts["beyond_limit"] == max(hostile - limit, 0)
    return slates


def pushed_share(slates: Slates) -> float:
    """The share of slots that hold what the bot pushes."""
    tracks = [slot.track_id for slate in slates.values() for slot in slate]
    return sum(track in PUSHED for track in tracks) / len(tracks)


def test_a_hundred_thousand_plays_do_to_others_what_six_hundred_do() -> None:
    """Tracks, scores and propensities are equal; without a limit they are not."""
    few = slates_of_others(LIMIT)

    assert slates_of_others(HOSTILE_PLAYS) == few
    assert slates_of_others(2 * LIMIT, limit=10 * LIMIT) != few
    assert pushed_share(slates_of_others(0)) < pushed_share(few) <= EVEN_SHARE
