import itertools
from collections.abc import Callable

import numpy as np
import pytest

from numeric.arrays import Floats
from pipelines.demo.life import Life, Turn, play_record
from pipelines.demo.settings import WorldSettings
from pipelines.demo.world import World

SMALL = WorldSettings(listeners=40, tracks=400, artists=60, days=10)


@pytest.fixture(scope="module")
def world() -> World:
    return World(SMALL)


def rewards(world: World, choose: Callable[[Life, Turn], str], turns: int = 3_000) -> Floats:
    """Let one policy choose for the first turns of a life; return what each earned."""
    life = world.begin()
    return np.array([life.play(t, choose(life, t)).reward for t in itertools.islice(life.turns(), turns)])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_best_choice_beats_popular_and_popular_beats_any(seed: int) -> None:
    """The truth leaves room to learn: about 0.25 for any track, 0.4 for a popular one, 0.85 at best."""
    world = World(WorldSettings(seed=seed, days=3))
    released = np.flatnonzero(world.truth.released_ms <= world.start_ms)
    famous = released[np.argsort(-world.music.popularity[released], kind="stable")[:20]]
    dice = np.random.default_rng(seed)

    anything = rewards(world, lambda life, turn: world.track_ids[dice.choice(released)])
    popular = rewards(world, lambda life, turn: world.track_ids[dice.choice(famous)])
    own = rewards(world, lambda life, turn: life.own_choice(turn))
    best = rewards(world, lambda life, turn: life.best(turn)[0])

    assert 0.15 < anything.mean() < 0.35
    assert anything.mean() + 0.05 < popular.mean() < 0.5
    assert popular.mean() < own.mean() < 0.75
    assert best.mean() > 0.8


def test_two_policies_meet_the_same_listeners_with_the_same_luck(world: World) -> None:
    """As long as two lives give the same answers they are one life, whatever is played elsewhere."""
    one, two = world.begin(), world.begin()

    pairs = []
    for turn, other in itertools.islice(zip(one.turns(), two.turns(), strict=True), 800):
        assert turn == other
        first = one.play(turn, one.own_choice(turn))
        second = two.play(other, two.own_choice(other))
        pairs.append((first, second))

    assert all(first == second for first, second in pairs)


def test_better_tracks_never_have_worse_luck(world: World) -> None:
    """The dice of a turn do not depend on the track: what finishes would finish with a better one."""
    one = world.begin()
    turn = next(one.turns())
    ranked = one.best(turn, n=400)
    released = [track for track in ranked if one.expected_reward(turn, [track])[0] > 0.06]

    finished = []
    for track_id in released:
        life = world.begin()
        finished.append(not life.play(next(life.turns()), track_id).skipped)

    assert finished == sorted(finished, reverse=True)


def test_the_expected_reward_is_the_mean_of_what_is_earned() -> None:
    """Over many turns the truth and the answers agree within three standard errors."""
    world = World(SMALL)
    life = world.begin()

    errors = []
    for turn in itertools.islice(life.turns(), 3_000):
        track_id = life.best(turn, n=12)[-1]
        expected = life.expected_reward(turn, [track_id])[0]
        errors.append(life.play(turn, track_id).reward - expected)

    assert abs(np.mean(errors)) < 3 * np.std(errors) / np.sqrt(len(errors))


def test_one_listeners_plays_do_not_touch_another(world: World) -> None:
    """What a listener will do depends on their own history alone."""
    one, two = world.begin(), world.begin()

    for turn in itertools.islice(one.turns(), 400):
        one.play(turn, one.own_choice(turn))
    for turn in itertools.islice(two.turns(), 400):
        mine = turn.listener % 2 == 0
        two.play(turn, two.own_choice(turn) if mine else two.best(turn)[0])

    even = np.arange(0, 40, 2)
    later = [turn for turn in itertools.islice(one.turns(), 400) if turn.listener in even]
    tracks = list(world.track_ids[:50])
    for turn in later[:20]:
        assert one.expected_reward(turn, tracks).tolist() == two.expected_reward(turn, tracks).tolist()


def test_a_repeat_tires_and_a_follower_pleases(world: World) -> None:
    """Right after a track, the same again is worth less and what goes well after it more."""
    life = world.begin()
    turns = life.turns()
    first = next(turn for turn in turns if turn.opens)
    track_id = life.best(first)[0]
    followers = {world.track_ids[k] for k in world.truth.followers[world.track_number[track_id]]}
    tracks = [track_id, *sorted(followers)]
    before = life.expected_reward(first, tracks)

    life.play(first, track_id)
    second = next(turn for turn in turns if turn.listener == first.listener)
    after = life.expected_reward(second, tracks)

    assert after[0] < before[0] - 0.1
    out = world.truth.released_ms[[world.track_number[t] for t in tracks[1:]]] <= first.at_ms
    assert (after[1:][out] > before[1:][out]).all()


def test_a_listener_goes_down_a_slate_until_something_attracts_them(world: World) -> None:
    """The first slot is taken most, each taken slot was seen, and sometimes none will do."""
    life = world.begin()

    choices = []
    for turn in itertools.islice(life.turns(), 1_500):
        slate = life.best(turn, n=60)[10::10]
        choice = life.choose(turn, slate)
        life.play(turn, choice.track_id)
        assert choice.shown == (len(slate) if choice.slot is None else choice.slot + 1)
        assert choice.slot is None or slate[choice.slot] == choice.track_id
        choices.append(choice.slot)

    counts = [choices.count(slot) for slot in range(5)]
    assert counts == sorted(counts, reverse=True)
    assert 0 < choices.count(None) < 500


def test_a_fifth_of_the_turns_wants_no_advice(world: World) -> None:
    """So a log under any policy holds organic plays as well."""
    life = world.begin()

    alone = []
    for turn in itertools.islice(life.turns(), 3_000):
        life.play(turn, life.own_choice(turn))
        alone.append(turn.picks_own)

    assert 0.17 < np.mean(alone) < 0.23


def test_a_turn_without_a_play_ends_its_session(world: World) -> None:
    """Whoever is offered nothing closes the app: only openings remain."""
    life = world.begin()

    assert all(turn.opens for turn in life.turns())


def test_a_turn_takes_one_released_track(world: World) -> None:
    """A second play, a track not out yet and an unknown one are refused, each by name."""
    life = world.begin()
    turn = next(life.turns())
    later = world.track_ids[int(np.argmax(world.truth.released_ms))]

    with pytest.raises(ValueError, match=rf"{later} is released after turn {turn.name}; offer released"):
        life.play(turn, later)
    with pytest.raises(KeyError, match="no-such-track"):
        life.play(turn, "no-such-track")
    life.play(turn, life.own_choice(turn))
    with pytest.raises(ValueError, match=rf"turn {turn.name} was played already; ask turns\(\)"):
        life.play(turn, life.own_choice(turn))


def test_a_play_record_says_what_a_producer_would(world: World) -> None:
    """The record has the answer's times and verdicts and names its decision."""
    life = world.begin()
    turn = next(life.turns())
    answer = life.play(turn, life.best(turn)[0])

    play = play_record(turn, answer, decision_id="d1", shown=1)

    assert (play.listener_id, play.track_id, play.at_ms) == (
        turn.listener_id,
        answer.track_id,
        turn.at_ms + answer.heard_ms,
    )
    assert (play.end_reason == "trackdone") == (not answer.skipped)
    assert (play.decision_id, play.shown, play.play_name) == ("d1", 1, turn.name)
