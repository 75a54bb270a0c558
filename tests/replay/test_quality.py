import csv
import gzip
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from river.metrics import ROCAUC

from pipelines.replay.baselines import Baselines
from pipelines.replay.evaluation_start import EvaluationStart, evaluation_start
from pipelines.replay.quality import THRESHOLDS, Quality, RankTally, SkipTally

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
RANKS = st.lists(st.none() | st.integers(0, 99), max_size=60)
SKIPS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=60)


@given(RANKS)
def test_a_tally_is_the_mean_over_its_plays(ranks: list[int | None]) -> None:
    """Hit rates, reciprocal ranks and recall, against their definitions play by play."""
    tally = RankTally()
    for rank in ranks:
        tally.add(rank)

    summary = tally.summary()

    plays = max(len(ranks), 1)
    for k in (1, 5, 10, 20):
        assert summary[f"hr@{k}"] == sum(r is not None and r < k for r in ranks) / plays
    for k in (10, 20):
        mean = sum(1 / (r + 1) for r in ranks if r is not None and r < k) / plays
        assert summary[f"mrr@{k}"] == pytest.approx(mean, abs=1e-12)
    assert summary["recall"] == sum(r is not None for r in ranks) / plays
    assert summary["plays"] == len(ranks)


@given(SKIPS)
def test_the_skip_auc_is_rivers(skips: list[tuple[float, bool]]) -> None:
    """Counting between thresholds gives what river's streaming metric gives with the same thresholds."""
    river_auc: Any = ROCAUC  # published without types
    tally, metric = SkipTally(), river_auc(n_thresholds=THRESHOLDS)
    for p_skip, skipped in skips[:8]:  # river takes a millisecond each
        tally.add(p_skip, skipped)
        metric.update(skipped, p_skip)

    kinds = {skipped for _, skipped in skips[:8]}
    if len(kinds) == 2:
        assert tally.auc() == pytest.approx(metric.get(), abs=1e-12)
    else:
        assert tally.auc() is None


def test_a_perfect_and_a_contrary_guess_of_skips_are_one_and_zero() -> None:
    """Exact at both ends, probabilities 0 and 1 included; a guess without opinion is a half."""
    perfect, contrary, idle = SkipTally(), SkipTally(), SkipTally()

    for skipped in (True, False, True):
        perfect.add(float(skipped), skipped)
        contrary.add(float(not skipped), skipped)
        idle.add(0.3, skipped)

    assert (perfect.auc(), contrary.auc(), idle.auc()) == (1.0, 0.0, 0.5)


@given(RANKS, SKIPS, st.lists(st.floats(0, 1)), st.integers(0, 60))
def test_a_restored_quality_goes_on_as_if_never_stopped(
    ranks: list[int | None], skips: list[tuple[float, bool]], rewards: list[float], stop: int
) -> None:
    """Bytes at any point, then the rest: the same bytes as the whole."""

    def feed(quality: Quality, part: slice) -> None:
        for rank in ranks[part]:
            quality.add({"segue": rank, "popular": None})
        for p_skip, skipped in skips[part]:
            quality.add_skip(p_skip, skipped)
        for reward in rewards[part]:
            quality.add_reward(reward)

    whole, first, second = (Quality(["segue", "popular"]) for _ in range(3))
    feed(whole, slice(0, stop))
    feed(whole, slice(stop, None))
    feed(first, slice(0, stop))

    second.restore(first.save())
    feed(second, slice(stop, None))

    assert second.save() == whole.save()
    assert second.summary() == whole.summary()


def test_a_quality_of_other_rankings_is_refused() -> None:
    """It names both, and the way out."""
    saved = Quality(["segue"]).save()

    with pytest.raises(ValueError, match="is of segue, expected segue, markov; start a new state directory"):
        Quality(["segue", "markov"]).restore(saved)


def test_the_summary_has_the_form_that_was_promised() -> None:
    """Quality → ranking → measures; unknown figures are null, not zero."""
    quality = Quality(["segue", "markov"])
    quality.add({"segue": 3, "markov": None})

    summary = quality.summary()

    assert summary["quality"] == {
        "segue": {
            "hr@1": 0.0, "hr@5": 1.0, "hr@10": 1.0, "hr@20": 1.0, "mrr@10": 0.25, "mrr@20": 0.25,
            "recall": 1.0, "plays": 1,
        },
        "markov": {
            "hr@1": 0.0, "hr@5": 0.0, "hr@10": 0.0, "hr@20": 0.0, "mrr@10": 0.0, "mrr@20": 0.0,
            "recall": 0.0, "plays": 1,
        },
    }  # fmt: skip
    assert summary["skip_auc"] is None
    assert summary["mean_reward"] is None


def test_openers_count_unless_they_are_to_be_skipped() -> None:
    """The first play of a session is the hardest to tell; a setting leaves it out."""
    counted, skipped = Quality(["segue"]), Quality(["segue"], openers="skip")

    assert counted.counts(play=0, at_ms=0, opener=True)
    assert not skipped.counts(play=0, at_ms=0, opener=True)
    assert skipped.counts(play=0, at_ms=0, opener=False)


def test_a_share_counts_from_that_part_of_the_log_on() -> None:
    """0.7 of ten plays leaves seven out."""
    quality = Quality(["segue"], evaluation_start("0.7").after_plays(10))

    assert [quality.counts(play, at_ms=0, opener=False) for play in range(10)] == [False] * 7 + [True] * 3


def test_a_share_needs_the_length_of_the_log() -> None:
    """Asked too early it says what is missing."""
    with pytest.raises(ValueError, match=r"a share needs the log's length: call after_plays\(\)"):
        evaluation_start("0.7").reached(0, 0)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("0", EvaluationStart()),
        ("0.7", EvaluationStart(share=0.7, play=None)),
        ("1", EvaluationStart(share=1.0, play=None)),
        ("1735689600000", EvaluationStart(at_ms=1_735_689_600_000)),
        ("2025-01-01", EvaluationStart(at_ms=1_735_689_600_000)),
        ("2025-01-01T01:00:00+01:00", EvaluationStart(at_ms=1_735_689_600_000)),
        ("2025-01-01T00:00:01Z", EvaluationStart(at_ms=1_735_689_601_000)),
    ],
)
def test_a_start_is_a_share_or_a_time(text: str, start: EvaluationStart) -> None:
    """Shares up to one, dates, times with or without a zone, and milliseconds."""
    assert evaluation_start(text) == start


@pytest.mark.parametrize(
    "text", ["", "7", "-0.1", "1.5", "nan", "1735689600", "yesterday", "99999999999999999999"]
)
def test_anything_else_is_refused_with_what_was_expected(text: str) -> None:
    """Seconds, percentages and words are mistakes, not guesses."""
    with pytest.raises(
        ValueError, match=r"expected a share of the plays in \[0, 1\] such as 0\.7, or a time"
    ):
        evaluation_start(text)


def test_followers_tell_nearly_half_of_the_next_tracks_of_a_real_log() -> None:
    """lastfm_listens, predict then learn, last 30 %: Markov HR@10 about .46, own-popular .28, popular .05."""
    path = DATA / "lastfm_listens.csv.gz"
    if not path.exists():
        pytest.skip(f"{path.name} is not beside the project (../shared/data)")
    with gzip.open(path, "rt", newline="") as file:
        rows = [(row["user_id"], row["item_id"], int(row["t_s"])) for row in csv.DictReader(file)]
    baselines = Baselines()
    quality = Quality(["popular", "own_popular", "markov"], evaluation_start("0.7").after_plays(len(rows)))

    for play, (listener_id, track_id, t_s) in enumerate(rows):
        ranks = baselines.observe(listener_id, track_id)
        if quality.counts(play, t_s * 1000, opener=False):
            quality.add(ranks)

    found = {name: quality.of(name) for name in ("popular", "own_popular", "markov")}
    assert found["markov"]["hr@10"] == pytest.approx(0.458, abs=0.002)
    assert found["own_popular"]["hr@10"] == pytest.approx(0.276, abs=0.002)
    assert found["popular"]["hr@10"] == pytest.approx(0.049, abs=0.002)
    assert found["markov"]["plays"] == len(rows) - int(0.7 * len(rows))
