"""Organic plays: nobody recommended them; they teach beside candidates that were not played."""

import numpy as np
import pytest

from candidates.taking import CONTRASTS
from pipelines.decide import describe
from tests.pipelines.making import Listening, play, request, track_ids
from topics.feedback import Feedback

ALL = tuple(f"t{i}" for i in range(12))
FOUR = ALL[:4]  # as many as a slate has


def organic(ann: Listening) -> list[Feedback]:
    return [part for part in ann.feedback if part.kind == "organic"]


def ask_for_four_of(ann: Listening, at_s: float = 0, *candidates: str) -> list[str]:
    """Ask for a slate; return the candidates beside it."""
    slate = track_ids(ann.ask(f"r{at_s}", at_s, *(candidates or ALL)))
    return [track for track in candidates or ALL if track not in slate]


def test_an_organic_play_has_rows_without_propensities(ann: Listening) -> None:
    """The play with its reward, and candidates from beside the slate with none; never final."""
    beside = ask_for_four_of(ann)

    ann.take(play("e1", beside[0], 10, 190))

    (part,) = organic(ann)
    played, *contrasts = part.slots
    assert (played.track_id, played.reward, played.propensity, played.weight) == (beside[0], 1.0, None, 1.0)
    assert {(row.reward, row.propensity, row.first) for row in contrasts} == {(0.0, None, True)}
    assert {row.track_id for row in contrasts} <= set(beside[1:])
    assert len({row.track_id for row in contrasts}) == len(contrasts) >= CONTRASTS - 1
    assert (part.attribution, part.final, part.part) == ("none", False, 0)


@pytest.mark.parametrize(("shown", "weight"), [(None, len(ALL) - 4), (2, 1)])
def test_contrasts_stand_for_all_candidates_unless_the_client_says_what_was_shown(
    ann: Listening, shown: int | None, weight: float
) -> None:
    """Who was shown two tracks has not declined the others: those then count as one together."""
    beside = ask_for_four_of(ann)

    ann.take(play("e1", beside[0], 10, 190, shown=shown))

    (_, *contrasts) = organic(ann)[0].slots
    assert {row.weight for row in contrasts} == {weight / CONTRASTS}


def test_a_play_that_was_no_candidate_teaches_nothing_but_its_verdict(ann: Listening) -> None:
    """Why a track was no candidate would pass for why it was played."""
    ask_for_four_of(ann, 0, *ALL[:8])

    ann.take(play("e1", "t11", 10))
    ask_for_four_of(ann, 300, *ALL[:8])
    ann.take(play("e2", "t10", 310, skipped=True))

    (part,) = organic(ann)
    (row,) = part.slots
    assert (row.track_id, row.reward, row.reward_change, row.first, row.skipped) == (
        "t10",
        0.0,
        0.0,
        False,
        True,
    )


def test_a_slate_of_all_candidates_gives_the_contrasts_itself(ann: Listening) -> None:
    """Those of it that were not played."""
    ann.ask("r1", 0, *FOUR)
    ann.ask("r2", 100)  # nothing to choose from: the slate before it stays the newest
    ann.take_all([play(f"e{i}", f"t{i}", 10 * i, 0.5) for i in (1, 2)])

    ann.take(play("e9", "t3", 90, 0.5, decision_id="unknown"))

    assert [[row.track_id for row in part.slots] for part in organic(ann)] == [["t3", "t0"]]


def test_a_slate_that_was_played_whole_leaves_no_contrast(ann: Listening) -> None:
    """A row without its contrast would say that everything is played."""
    ann.ask("r1", 0, "t1")
    ann.ask("r2", 100)
    ann.take(play("e1", "t1", 10, 0.5))

    ann.take(play("e2", "t1", 30, 0.5, decision_id="unknown"))

    assert organic(ann) == []


def test_only_the_newest_decision_keeps_contrasts(ann: Listening) -> None:
    """They cost bytes, and an organic play is told from the newest decision alone."""
    for i in range(3):
        ann.ask(f"r{i}", i, *FOUR)

    kept = ann.state.contrasts
    assert kept is not None
    assert (len(ann.state.pending), len(kept.tracks), len(kept.listed)) == (3, 4, 8)


def test_an_organic_play_is_described_as_it_stood_when_the_slate_was_drawn(ann: Listening) -> None:
    """No column knows of the play itself, nor of a minute that had not passed."""
    ann.take(play("e1", "t5", 0, 190))
    beside = ask_for_four_of(ann, 300)
    handle = np.array([ann.views.table.handle(beside[0])], np.int32)
    context, columns = describe(
        ann.state.play_bytes, "ann", ann.scores[-1].at_ms, handle, ann.views, ann.settings
    )

    ann.take(play("e2", beside[0], 310, 190))

    part = organic(ann)[-1]
    assert part.at_ms == ann.scores[1].at_ms
    assert part.context == context.tobytes()
    assert part.slots[0].columns == columns.tobytes()


def test_the_end_of_an_organic_play_corrects_its_reward(ann: Listening) -> None:
    """A second part, for the play alone."""
    track = ask_for_four_of(ann)[0]

    ann.take_all([play("e1", track, 10, play_id="p"), play("e2", track, 10, 190, play_id="p")])

    told = [[(row.track_id, row.reward, row.reward_change) for row in part.slots] for part in organic(ann)]
    assert told[0][0] == (track, 0.5, 0.5)
    assert told[1] == [(track, 1.0, 0.5)]
    assert [part.part for part in organic(ann)] == [0, 1]


def test_before_any_slate_there_is_no_organic_feedback(ann: Listening) -> None:
    """Nothing was offered, so nothing was left unplayed."""
    ann.take(play("e1", "t9", 0, 190))

    assert ann.feedback == []


def test_a_play_that_started_before_the_newest_slate_is_not_organic_to_it(ann: Listening) -> None:
    """A late play was not heard instead of what was offered afterwards."""
    track = ask_for_four_of(ann, 100)[0]

    ann.take(play("e1", track, 50, 10))

    assert ann.feedback == []


def test_one_organic_play_waits_at_a_time(ann: Listening) -> None:
    """The next one takes its place; recommended decisions stay."""
    one, other, *_ = ask_for_four_of(ann)
    ann.take(play("e1", one, 10, 5))
    ann.take(request("r2", 15, candidates=ALL))

    ann.take(play("e2", other, 20, 5, decision_id="unknown"))

    kinds = [waiting.kind for waiting in ann.state.pending]
    assert kinds.count("organic") == 1
    assert kinds.count("recommended") == 4
