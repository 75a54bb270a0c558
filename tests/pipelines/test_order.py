"""Order and partitions: a listener's features are those of the ordered log, wherever it is served."""

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.decide import describe
from pipelines.listener import Listener
from pipelines.views import Views
from tests.pipelines.making import DAY_MS, Listening, at, make_views, play, request, small
from topics.codec import encode
from topics.dead_letter import Rejected

TRACKS = 6


@st.composite
def logs(
    draw: st.DrawFn, listeners: int = 1, spread_s: int = 3_000, plays: int = 14, apart_s: int = 0
) -> list[Any]:
    """Plays (started, ended or both), requests and duplicates, in any order of arrival.

    Starts lie anywhere within ``spread_s`` after a multiple of ``apart_s``; without one, the two records of
    a play may be a second apart about its start (what is folded away is not known by name any more).
    """
    records: list[Any] = []
    for i in range(draw(st.integers(1, plays))):
        listener = f"l{draw(st.integers(1, listeners))}" if listeners > 1 else "ann"
        start_s = apart_s * i + draw(st.integers(0, spread_s))
        heard_s = draw(st.sampled_from([0, 5, 60, 190, 200, 700]))
        track = f"t{draw(st.integers(0, TRACKS))}"
        liked = draw(st.sampled_from([0, 0, 1, -1]))
        more: dict[str, Any] = {"listener_id": listener, "play_id": f"p{i}", "liked": liked}
        match draw(st.sampled_from(["both", "both", "ended", "started", "request"])):
            case "request":
                records.append(request(f"r{i}", start_s, listener_id=listener))
            case "started":
                records.append(play(f"s{i}", track, start_s, **more))
            case "ended":
                records.append(play(f"e{i}", track, start_s, heard_s, **more))
            case _:
                records.append(play(f"s{i}", track, start_s, **more))
                records.append(
                    play(
                        f"e{i}",
                        track,
                        start_s + draw(st.sampled_from([0, 0, 0 if apart_s else 1])),
                        heard_s,
                        **more,
                    )
                )
    repeated = draw(st.lists(st.sampled_from(records), max_size=4))
    return draw(st.permutations(records + repeated))


def accepted(log: list[Any], views: Views, changes: dict[str, Any]) -> tuple[Listening, list[Any]]:
    """Serve a log of one listener; return it with the records that were not refused."""
    ann, taken = Listening(small(**changes), views), []
    for record in log:
        try:
            ann.take(record)
        except Rejected:
            continue  # too late for what is kept: the ordered log does without it
        taken.append(record)
    return ann, taken


def history(state: Listener, listening: Listening) -> tuple[Any, ...]:
    """What is kept of the plays and bounds them, all that features are made from.

    Left out: which plays the tracks' facts have counted already. That is a matter of timers.
    """
    plays = [kept[:-1] for kept in listening.plays]
    return plays, state.kept, state.floor_ms, state.newest_ms


def features(listening: Listening) -> tuple[bytes, bytes]:
    """The context vector and the columns of every track, some minutes later."""
    handles = np.arange(TRACKS, dtype=np.int32)
    now_ms, plays = listening.state.newest_ms + 300_000, listening.state.play_bytes
    context, columns = describe(plays, "ann", now_ms, handles, listening.views, listening.settings)
    return context.tobytes(), columns.tobytes()


@pytest.mark.compiled
@pytest.mark.parametrize(
    ("changes", "log"),
    [
        ({}, logs(spread_s=3_000)),
        ({}, logs(spread_s=3 * DAY_MS // 1_000)),
        ({"sessions": {"history_plays": 16}}, logs(spread_s=900, plays=40, apart_s=300)),
        ({"sessions": {"history_bytes": 1_024}}, logs(spread_s=900, plays=40, apart_s=300)),
    ],
    ids=["an hour", "three days", "few plays kept", "few bytes kept"],
)
def test_any_order_of_arrival_gives_the_features_of_the_ordered_log(
    changes: dict[str, Any], log: st.SearchStrategy[list[Any]]
) -> None:
    """Late, duplicate, started/ended and out-of-order records: history, context and columns to the bit.

    The ordered log is what was accepted, by event time; records of one moment stay in log order.
    """
    views = make_views(small())

    @given(log=log)
    def check(log: list[Any]) -> None:
        shuffled, taken = accepted(log, views, changes)
        ordered = Listening(small(**changes), views)

        ordered.take_all(sorted(taken, key=lambda record: record.at_ms))

        assert history(shuffled.state, shuffled) == history(ordered.state, ordered)
        assert features(shuffled) == features(ordered)

    check()


@pytest.mark.compiled
@pytest.mark.parametrize("history_bytes", [1_024, 2_048, 8_192])
def test_what_is_folded_away_does_not_depend_on_the_order_of_arrival(history_bytes: int) -> None:
    """A thousand plays that come up to ten plays late: at every bound the same plays are kept, to the bit."""
    rng = np.random.default_rng(history_bytes)
    changes = {"sessions": {"history_bytes": history_bytes}}
    log = [
        play(
            f"e{i}",
            f"t{rng.integers(12)}",
            60 * i + int(rng.integers(20)),
            int(rng.integers(1, 40)),
            play_id=f"p{i}",
        )
        for i in range(1_000)
    ]
    late = [log[i] for i in np.argsort(np.arange(len(log)) + rng.integers(0, 10, len(log)), kind="stable")]
    views = make_views(small())

    shuffled, taken = accepted(late, views, changes)
    ordered = Listening(small(**changes), views).take_all([*log])

    assert len(taken) == len(log)
    assert history(shuffled.state, shuffled) == history(ordered.state, ordered)
    assert features(shuffled) == features(ordered)
    assert shuffled.counts["late_applied"] > 300


@pytest.mark.compiled
@given(log=logs(listeners=5), partitions=st.integers(1, 7))
@settings(max_examples=25)
def test_splitting_listeners_over_partitions_changes_nothing(log: list[Any], partitions: int) -> None:
    """With views that do not move, each listener's scores, feedback and refusals are the same sequence."""
    outputs = [served(log, 1), served(log, partitions), served(log[::1], len(log) + 1)]

    assert outputs[0] == outputs[1] == outputs[2]


def served(log: list[Any], partitions: int) -> dict[str, list[bytes]]:
    """Serve a log split over partitions that share nothing; return what each listener got, in order."""
    changed = small()
    workers = []
    for number in range(partitions):
        views = make_views(changed, tracks=0)
        for i in range(number % 5):  # every worker has met other tracks in another order
            views.table.handle(f"t{TRACKS - i}")
        for track in make_views(changed).table.titles.values():
            views.table.list_track(track)
        workers.append(views)
    listening: dict[str, Listening] = {}
    out: dict[str, list[bytes]] = defaultdict(list)
    for record in log:
        name = record.listener_id
        if name not in listening:
            listening[name] = Listening(changed, workers[sum(name.encode()) % partitions])
        one = listening[name]
        seen = len(one.scores), len(one.feedback), len(one.events)
        try:
            one.take(record)
        except Rejected as refused:
            out[name].append(refused.detail.encode())
        out[name] += [encode(scores) for scores in one.scores[seen[0] :]]
        out[name] += [encode(part) for part in one.feedback[seen[1] :]]
        out[name] += [repr(event).encode() for event in one.events[seen[2] :]]
    return out


def test_the_ordered_log_s_features_know_nothing_of_arrival(ann: Listening) -> None:
    """An example to read: c, a, b arrive; the history is a, b, c, and c is the newest."""
    ann.take_all([play("e3", "t3", 400, 50), play("e1", "t1", 0, 50), play("e2", "t2", 200, 50)])

    assert ann.tracks == ["t1", "t2", "t3"]
    assert ann.state.newest_ms == at(450)
