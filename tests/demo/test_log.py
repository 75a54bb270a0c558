import itertools
from hashlib import blake2b
from time import perf_counter

import pytest

from pipelines.demo.sessions import openings
from pipelines.demo.settings import WorldSettings
from pipelines.demo.world import World
from topics.codec import encode_line
from topics.play import Play
from topics.request import Request

SMALL = WorldSettings(listeners=40, tracks=400, artists=60, days=10)
GAP_MS = 30 * 60_000


def test_an_organic_log_is_the_life_in_which_nobody_takes_advice() -> None:
    """Whole quarters of a day at once, or turn by turn in order of time: the same plays."""
    world = World(SMALL)
    life = world.begin()

    lived = []
    for turn in itertools.islice(life.turns(), 1_500):
        answer = life.play(turn, life.own_choice(turn))
        lived.append((turn.listener_id, answer.track_id, answer.started_ms, answer.heard_ms, answer.liked))

    heard = [(p.listener_id, p.track_id, p.started_ms, p.heard_ms, p.liked) for p in world.log(1_600)]
    assert set(lived[:1_400]) <= set(heard)


def test_a_log_is_in_event_time_order_with_unique_ids() -> None:
    """So it is with starts and requests in it, which never come after the end they belong to."""
    world = World(SMALL)

    records = list(world.log_with_requests(2_000))

    times = [record.at_ms for record in records]
    assert times == sorted(times)
    names = [r.event_id if isinstance(r, Play) else r.request_id for r in records]
    assert len(set(names)) == len(names)
    ended = [r for r in records if isinstance(r, Play) and r.heard_ms is not None]
    started = {r.play_id for r in records if isinstance(r, Play) and r.heard_ms is None}
    assert len(ended) == 2_000
    assert {play.play_id for play in ended} == started


def test_a_request_stands_where_each_session_opens() -> None:
    """One request before the first play after more than half an hour of silence, and nowhere else."""
    world = World(SMALL)
    newest: dict[str, int] = {}
    asked: set[str] = set()

    for record in world.log_with_requests(2_000):
        if isinstance(record, Request):
            assert record.at_ms - newest.get(record.listener_id, -GAP_MS * 2) > GAP_MS
            asked.add(record.listener_id)
        elif record.heard_ms is None:
            silence = record.started_ms - newest.get(record.listener_id, -GAP_MS * 2)
            assert (silence > GAP_MS) == (record.listener_id in asked)
            asked.discard(record.listener_id)
        else:
            newest[record.listener_id] = record.at_ms


def test_nobody_hears_a_track_before_its_release() -> None:
    """The catalogue's promise holds for what listeners pick by themselves."""
    world = World(SMALL)
    released_ms = {track.track_id: track.released_ms for track in world.catalogue()}

    assert all((released_ms[play.track_id] or 0) <= play.started_ms for play in world.log(4_000))


def test_listeners_join_while_the_world_runs() -> None:
    """A fifth of them is not heard of at the start."""
    world = World(SMALL)

    joined = world.truth.join_ms > world.start_ms

    assert 0.05 < joined.mean() < 0.4
    assert not set(openings(world.truth, 0).tolist()) & set(joined.nonzero()[0].tolist())


def test_the_log_is_the_same_on_every_machine() -> None:
    """Dice, exponentials and sums are ours, so golden logs can be made again from their seed.

    Whoever changes the world changes this digest, and with it what the demo shows.
    """
    digest = blake2b(digest_size=8)

    for play in World(SMALL).log(2_000):
        digest.update(encode_line(play))

    assert digest.hexdigest() == "4e340081670f5017"


@pytest.mark.timed
def test_a_hundred_thousand_listeners_give_thirty_thousand_plays_a_second() -> None:
    """Large logs come fast enough to measure something else with them."""
    world = World(WorldSettings(listeners=100_000, tracks=30_000, artists=3_000))
    next(world.log(1))  # compiled by now

    start = perf_counter()
    plays = sum(1 for _ in world.log(100_000))

    assert plays / (perf_counter() - start) > 30_000
