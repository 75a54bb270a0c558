"""Parts: what a decision earned is told as it becomes known, each change once, the last part final."""

from collections import defaultdict
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pipelines.serve import FOREVER_MS, fire_timers
from tests.pipelines.making import Listening, make_views, play, request, small, track_ids
from topics.feedback import Feedback

FOUR = ("t1", "t2", "t3", "t4")


def closed(ann: Listening) -> Listening:
    """Fire every timer there is."""
    ann.absorb(fire_timers(ann.state, "ann", FOREVER_MS, ann.views, ann.settings))
    return ann


def of(ann: Listening, decision_id: str) -> list[Feedback]:
    return [part for part in ann.feedback if part.decision_id == decision_id]


def test_an_end_corrects_the_reward_of_its_start_exactly_once(ann: Listening) -> None:
    """Started is worth a half; its end adds the rest, and coming again adds nothing."""
    slate = track_ids(ann.ask("r1", 0, *FOUR))
    started = play("e1", slate[0], 10, play_id="p")
    ended = play("e2", slate[0], 10, 190, play_id="p")

    ann.take_all([started, ended, started, ended])

    told = [
        [(s.reward, s.reward_change, s.first) for s in p.slots] for p in of(ann, ann.scores[0].decision_id)
    ]
    assert told == [[(0.5, 0.5, True)], [(1.0, 0.5, False)]]


def test_an_end_that_comes_first_leaves_nothing_to_correct(ann: Listening) -> None:
    """The start that comes after it changes no reward."""
    slate = track_ids(ann.ask("r1", 0, *FOUR))

    ann.take(play("e2", slate[0], 10, 190, play_id="p"))
    ann.take(play("e1", slate[0], 10, play_id="p"))

    told = [[(s.reward, s.reward_change) for s in p.slots] for p in of(ann, ann.scores[0].decision_id)]
    assert told == [[(1.0, 1.0)]]


def test_parts_count_up_and_the_last_is_final(ann: Listening) -> None:
    """Two plays and the end of the window: three parts, 0, 1 and 2."""
    asked = ann.ask("r1", 0, *FOUR)
    slate = track_ids(asked)

    closed(ann.take_all([play("e1", slate[0], 10, 10), play("e2", slate[2], 30, 190)]))

    parts = of(ann, asked.decision_id)
    assert [(part.part, part.final) for part in parts] == [(0, False), (1, False), (2, True)]
    assert [[slot.slot for slot in part.slots] for part in parts] == [[0], [1, 2], []]


def test_a_final_part_comes_even_if_nothing_is_new(ann: Listening) -> None:
    """Whoever waits for all of a decision's reward learns that it has come."""
    asked = ann.ask("r1", 0, "t1")

    closed(ann.take_all([play("e1", "t1", 10, 190)]))

    assert [(part.final, len(part.slots)) for part in of(ann, asked.decision_id)] == [(False, 1), (True, 0)]


def test_six_decisions_wait_and_a_seventh_closes_the_oldest(ann: Listening) -> None:
    """Its window is not over: nothing but the queue's length ends it."""
    asked = [ann.ask(f"r{i}", i, *FOUR) for i in range(6)]
    assert ann.feedback == []

    asked.append(ann.ask("r6", 6, *FOUR))

    assert [(part.decision_id, part.final) for part in ann.feedback] == [(asked[0].decision_id, True)]
    assert [waiting.decision_id for waiting in ann.state.pending] == [s.decision_id for s in asked[1:]]


def test_a_part_carries_what_the_decision_was_made_with(ann: Listening) -> None:
    """Time, policy, version, context, columns and propensities are those of the decision."""
    done = ann.take(request("r1", 5, candidates=FOUR))
    assert done.decided is not None

    (part,) = closed(ann).feedback

    considered, scores = done.decided.considered, done.decided.scores
    by_track = dict(zip(FOUR, considered.columns, strict=True))
    assert (part.at_ms, part.policy, part.policy_version) == (
        scores.at_ms,
        scores.policy,
        scores.policy_version,
    )
    assert part.context == considered.context.tobytes()
    assert [slot.track_id for slot in part.slots] == track_ids(scores)
    assert [slot.columns for slot in part.slots] == [by_track[name].tobytes() for name in track_ids(scores)]
    assert [slot.propensity for slot in part.slots] == [scored.propensity for scored in scores.slate]


def test_feedback_names_its_listener_by_a_keyed_mark() -> None:
    """The mark is the same in every part, another for another key, and never the name."""
    marks = []
    for mark_key in ("one", "one", "two"):
        settings = small().model_copy(update={"mark_key": mark_key})
        ann = Listening(settings, make_views(settings))
        ann.ask("r1", 0, *FOUR)
        marks.append(closed(ann).feedback[0].listener_mark)

    assert marks[0] == marks[1] != marks[2]
    assert "ann" not in marks


@st.composite
def listens(draw: st.DrawFn) -> list[Any]:
    """Requests, plays of what was asked for, and their ends, up to ten minutes apart."""
    records: list[Any] = []
    now_s = 0
    for i in range(draw(st.integers(1, 12))):
        now_s += draw(st.integers(0, 600))
        kind = draw(st.sampled_from(["request", "started", "ended", "end"]))
        track, name = f"t{draw(st.integers(1, 6))}", f"p{draw(st.integers(0, 3))}"
        if kind == "request":
            records.append(request(f"r{i}", now_s, candidates=FOUR))
        else:
            heard_s = None if kind == "started" else draw(st.integers(0, 200))
            records.append(play(f"e{i}", track, now_s, heard_s, play_id=name))
    return records


@given(records=listens())
def test_what_parts_add_up_to_is_the_last_reward_of_every_slot(records: list[Any]) -> None:
    """Changes of a slot sum to its reward; it is first once; parts count from 0; one final part, the last."""
    settings = small(sessions={"gap_ms": 1_800_000})
    ann = Listening(settings, make_views(settings))
    ann.take(request("r", 0, candidates=FOUR))
    for record in records:
        ann.take(record)
    closed(ann)

    parts: dict[str, list[Feedback]] = defaultdict(list)
    for part in ann.feedback:
        parts[part.decision_id].append(part)
    for told in parts.values():
        assert [part.part for part in told] == list(range(len(told)))
        finals = [part.final for part in told]
        assert finals == [False] * (len(told) - 1) + [told[0].kind == "recommended"]
        slots: dict[int, list[Any]] = defaultdict(list)
        for part in told:
            for slot in part.slots:
                slots[slot.slot].append(slot)
        for rows in slots.values():
            if told[0].kind == "organic" and not told[0].slots[0].first:  # of no candidate: a verdict alone
                assert [(row.reward, row.reward_change, row.first) for row in rows] == [(0.0, 0.0, False)]
                continue
            assert [row.first for row in rows] == [True] + [False] * (len(rows) - 1)
            assert abs(sum(row.reward_change for row in rows) - rows[-1].reward) < 1e-12
    assert {s.decision_id for s in ann.scores} == {
        n for n, told in parts.items() if told[0].kind == "recommended"
    }
