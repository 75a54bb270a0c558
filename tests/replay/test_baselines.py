from collections import Counter
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.replay.baselines import TOP, Baselines, TopCounter

LISTENERS = st.sampled_from(["ann", "bob", "zoë"])
TRACKS = st.integers(0, 40).map(lambda k: f"t{k * k % 41}")  # uneven, and more than a top list holds
LOGS = st.lists(st.tuples(LISTENERS, TRACKS), max_size=300)


class Naive:
    """The definition: sort all counts, equals by when they reached theirs."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.reached: dict[tuple[str, str], int] = {}

    def rank(self, key: str, track_id: str) -> int | None:
        rows = [(-n, self.reached[row], row[1]) for row, n in self.counts.items() if row[0] == key]
        names = [name for _, _, name in sorted(rows)][:TOP]
        return names.index(track_id) if track_id in names else None

    def add(self, key: str, track_id: str, now: int) -> None:
        self.counts[key, track_id] += 1
        self.reached[key, track_id] = now


def observed(baselines: Baselines, log: list[tuple[str, str]]) -> list[dict[str, int | None]]:
    return [baselines.observe(listener_id, track_id) for listener_id, track_id in log]


@given(LOGS)
def test_ranks_are_those_of_sorting_all_counts(log: list[tuple[str, str]]) -> None:
    """Popular, own-popular and Markov, each before it learns the play, against their definitions."""
    popular, own, markov = Naive(), Naive(), Naive()
    newest: dict[str, str] = {}
    expected: list[dict[str, int | None]] = []
    for now, (listener_id, track_id) in enumerate(log):
        before = newest.get(listener_id)
        expected.append(
            {
                "popular": popular.rank("", track_id),
                "own_popular": own.rank(listener_id, track_id),
                "markov": None if before is None else markov.rank(before, track_id),
            }
        )
        popular.add("", track_id, now)
        own.add(listener_id, track_id, now)
        if before is not None:
            markov.add(before, track_id, now)
        newest[listener_id] = track_id

    assert observed(Baselines(), log) == expected


@given(LOGS, LOGS, st.integers(0, 300))
def test_restored_baselines_go_on_as_if_never_stopped(
    log: list[tuple[str, str]], rest: list[tuple[str, str]], stop: int
) -> None:
    """Whatever was saved in how many pieces, ranks and later changes are the same."""
    whole, store = Baselines(keep_changes=True), dict[bytes, bytes | None]()
    observed(whole, log[:stop])
    store.update(whole.changes())
    observed(whole, log[stop:])
    store.update(whole.changes())

    resumed = Baselines(keep_changes=True)
    resumed.restore((name, value) for name, value in sorted(store.items()) if value is not None)

    assert resumed.plays == whole.plays == len(log)
    assert observed(resumed, rest) == observed(whole, rest)
    assert resumed.changes() == whole.changes()


@given(LOGS, LOGS)
def test_a_forgotten_listener_is_as_one_never_met(
    log: list[tuple[str, str]], rest: list[tuple[str, str]]
) -> None:
    """Nothing of theirs is left in the store; everyone's counts stay."""
    baselines, store = Baselines(keep_changes=True), dict[bytes, bytes | None]()
    observed(baselines, log)
    store.update(baselines.changes())

    baselines.forget("ann")
    store.update(baselines.changes())
    kept = {name: value for name, value in store.items() if value is not None}
    resumed = Baselines(keep_changes=True)
    resumed.restore(sorted(kept.items()))

    assert not any(b"ann" in name for name in kept)
    assert resumed.plays == len(log)
    assert observed(resumed, rest) == observed(baselines, rest)
    assert resumed.changes() == baselines.changes()


def test_of_two_equals_the_first_to_reach_the_count_stays_ahead() -> None:
    """A track climbs behind those that have its new count already."""
    counter = TopCounter()

    for track_id in ("a", "b", "c", "c", "a"):
        counter.add("k", track_id)

    assert counter.top("k") == ["c", "a", "b"]
    assert [counter.rank("k", track_id) for track_id in "abcd"] == [1, 2, 0, None]


def test_the_twenty_first_track_enters_when_it_overtakes() -> None:
    """The last of a full list leaves, and is the one that reached its count last."""
    counter = TopCounter()
    for k in range(TOP + 1):
        counter.add("k", f"t{k}")

    assert counter.rank("k", f"t{TOP}") is None
    assert counter.add("k", f"t{TOP}") is None

    assert counter.top("k")[0] == f"t{TOP}"
    assert counter.rank("k", f"t{TOP - 1}") is None
    assert counter.count("k", f"t{TOP - 1}") == 1


def test_changes_are_kept_only_if_asked_for() -> None:
    """A run without a state directory remembers no changes, and says so."""
    with pytest.raises(
        ValueError, match=r"changes are not kept; make it with Baselines\(keep_changes=True\)"
    ):
        Baselines().changes()


def test_the_three_together_cost_a_few_microseconds_a_play() -> None:
    """Far below what the engine takes for a play (50,000 plays; the best of three runs)."""
    log = [(f"listener-{k * 7919 % 500}", f"track-{k * k % 3001}") for k in range(50_000)]

    def seconds() -> float:
        baselines = Baselines()
        start = process_time()
        for listener_id, track_id in log:
            baselines.observe(listener_id, track_id)
        return process_time() - start

    assert min(seconds() for _ in range(3)) / len(log) < 12e-6  # measured: 3e-6
