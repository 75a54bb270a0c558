"""Collect: track events become track facts, whether they travelled as records or not."""

import msgspec
import numpy as np

from features.track.layout import EVENT
from features.track.table import TrackTable
from pipelines.collect import collect, records_of, rows_of
from tests.pipelines.making import Listening, play
from topics.codec import decode, encode
from topics.track_event import TrackEvent

RECORDS = [
    TrackEvent("t1", "heard", 1_000, share=0.25, skipped=True),
    TrackEvent("t1", "heard", 2_000),
    TrackEvent("t2", "heard", 2_000, share=1.0, skipped=False),
    TrackEvent("t1", "followed", 3_000, by="t2", steps=2),
    TrackEvent("t2", "shown", 4_000, residual=0.5),
]


def test_events_travel_as_records_and_come_back_as_they_were() -> None:
    """What is unknown stays unknown, whatever handles the other process uses."""
    table, other = TrackTable(), TrackTable()
    other.handle("t2")

    there = records_of(rows_of(RECORDS, table), table)
    back = records_of(rows_of([decode(encode(r), "track-event.v1") for r in there], other), other)

    assert there == back == RECORDS


def test_facts_are_the_same_whether_events_travelled_or_not(ann: Listening) -> None:
    """All that a listener's plays emit, counted here as rows and there from JSON."""
    done = [ann.take(play(f"e{i}", f"t{i % 5}", 100 * i, 90)) for i in range(30)]
    done.append(ann.take(play("later", "t1", 10_000, 90)))
    rows = np.concatenate([events for transition in done for events in transition.events])
    here, there = ann.views.table, TrackTable()

    sent = [encode(record) for record in records_of(rows, here)]
    collect(here, rows)
    collect(there, rows_of([decode(value, "track-event.v1") for value in sent], there))

    for name in (f"t{i}" for i in range(5)):
        ours, theirs = here.facts(here.handle(name)), there.facts(there.handle(name))
        assert msgspec.structs.replace(ours, artist_id=None) == theirs
    assert here.ranked()[0] == there.ranked()[0]
    assert {record.kind for record in records_of(rows, here)} == {"heard", "followed", "shown"}


def test_no_events_change_nothing() -> None:
    """An empty batch is an empty batch."""
    table = TrackTable()

    collect(table, np.zeros(0, EVENT))

    assert len(table) == 0
    assert table.clock["popularity_landmark"].tolist() == [-1]
