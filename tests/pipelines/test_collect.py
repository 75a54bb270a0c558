"""Collect: track events become track facts, whether they travelled as records or not."""

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from features.track.layout import EVENT, FOLLOWED, HEARD, PRECEDED, SHOWN
from features.track.table import TrackTable
from numeric.arrays import bytes_of
from pipelines.collect import SENT, collect, records_of, rows_of
from tests.pipelines.making import Listening, play
from topics.codec import decode, encode
from topics.dead_letter import Rejected
from topics.track_events import TrackEvents

SOME = np.array(
    [  # at_ms, track, by, residual, share, kind, steps, skipped
        (1_000, 0, -1, 0, 0.25, HEARD, 0, 1),
        (2_000, 0, -1, 0, np.nan, HEARD, 0, -1),
        (2_000, 1, -1, 0, 1, HEARD, 0, 0),
        (3_000, 0, 1, 0, np.nan, FOLLOWED, 2, -1),
        (4_000, 1, -1, 0.5, np.nan, SHOWN, 0, -1),
    ],
    EVENT,
)


def told(events: npt.NDArray[np.void], table: TrackTable) -> list[str]:
    """Events with names in place of handles: NaN equals itself here."""
    names = [*table.names, ""]
    return [repr((names[track], names[by], *rest)) for at_ms, track, by, *rest in events.tolist()]


def test_events_travel_as_records_and_come_back_as_they_were() -> None:
    """What is unknown stays unknown, whatever handles the other process uses."""
    table, other = TrackTable(), TrackTable()
    assert [table.handle("t1"), table.handle("t2"), other.handle("t2")] == [0, 1, 0]

    sent = [encode(record) for record in records_of(SOME, table)]
    back = [rows_of(decode(value, "track-events.v1"), other) for value in sent]

    assert told(np.concatenate(back), other) == told(SOME, table)


def test_many_events_are_several_records() -> None:
    """A record stays far below a megabyte, however many timers fired at once."""
    table = TrackTable()
    table.handle("t1"), table.handle("t2")
    many = np.tile(SOME, 500)

    sent = list(records_of(many, table))

    assert [len(rows_of(record, table)) for record in sent] == [1_000, 1_000, 500]
    assert told(np.concatenate([rows_of(record, table) for record in sent]), table) == told(many, table)


@pytest.mark.parametrize(
    "change",
    [{"track": 2}, {"track": -1}, {"by": 2}, {"by": -2}, {"kind": 4}, {"at_ms": -1}, {"residual": np.nan}],
    ids=str,
)
def test_what_no_step_has_sent_is_refused_and_names_no_track(change: dict[str, float]) -> None:
    """A place beyond the names would be somebody else's memory."""
    table = TrackTable()
    rows = SOME[-2:].astype(SENT)
    for name, value in change.items():
        rows[name][1] = value

    with pytest.raises(Rejected, match=r"row 1 is out of range"):
        rows_of(TrackEvents(("t1", "t2"), rows.tobytes()), table)
    with pytest.raises(Rejected, match=r"rows has 53 bytes, expected 27 an event"):
        rows_of(TrackEvents(("t1", "t2"), SOME.astype(SENT).tobytes()[:53]), table)
    assert len(table) == 0


def test_facts_are_the_same_whether_events_travelled_or_not(ann: Listening) -> None:
    """All that a listener's plays emit, counted here as rows and there from JSON."""
    done = [ann.take(play(f"e{i}", f"t{i % 5}", 100 * i, 90)) for i in range(30)]
    done.append(ann.take(play("later", "t1", 10_000, 90)))
    rows = np.concatenate([events for transition in done for events in transition.events])
    here, there = ann.views.table, TrackTable()

    sent = [encode(record) for record in records_of(rows, here)]
    collect(here, bytes_of(rows))
    for value in sent:
        collect(there, bytes_of(rows_of(decode(value, "track-events.v1"), there)))

    for name in (f"t{i}" for i in range(5)):
        ours, theirs = here.facts(here.handle(name)), there.facts(there.handle(name))
        assert msgspec.structs.replace(ours, artist_id=None) == theirs
    assert here.ranked()[0] == there.ranked()[0]
    assert set(rows["kind"].tolist()) == {HEARD, FOLLOWED, SHOWN, PRECEDED}


def test_no_events_change_nothing() -> None:
    """An empty batch is an empty batch."""
    table = TrackTable()

    collect(table, bytes_of(np.zeros(0, EVENT)))

    assert len(table) == 0
    assert table.clock["popularity_landmark"].tolist() == [-1]
