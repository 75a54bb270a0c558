"""Metrics: what a worker's partitions and views know of themselves, beside what every driver counts."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipelines.faust_worker.learning import Learning
from pipelines.metrics import Figure

if TYPE_CHECKING:
    from pipelines.faust_worker.app import Worker

STATES = ("opening", "running", "held", "retrying", "halted", "closed")


def figures_of(worker: "Worker") -> Iterator[Figure]:
    """Yield every figure as of now, one name after the other."""
    places = [
        ({"step": step, "partition": str(number)}, partition)
        for step, intake in worker.intakes.items()
        for number, partition in sorted(intake.partitions.items())
    ]
    for place, partition in places:
        taken = "Records taken since the partition came here"
        yield Figure("segue_partition_records", taken, place, partition.records, counts=True)
    for place, partition in places:
        yield Figure(
            "segue_transactions", "Transactions committed", place, partition.transactions, counts=True
        )
    for place, partition in places:
        again = "Times a partition opened anew, after whatever went wrong"
        yield Figure("segue_partition_reopenings", again, place, partition.reopened, counts=True)
    for place, partition in places:
        if partition.lag is not None:
            yield Figure("segue_partition_lag_records", "Records that wait to be taken", place, partition.lag)
    for place, partition in places:
        for state in STATES:
            is_in = float(partition.state == state)
            yield Figure("segue_partition_state", "1 for the state it is in", place | {"state": state}, is_in)
    for place, partition in places:
        if isinstance(partition.step, Learning):
            worse = "Changes for the worse found in what decisions earn (learning.drift), since the start"
            yield Figure("segue_drifts", worse, place, partition.step.learner.drifts, counts=True)
    reader = worker.reader
    if reader is None:
        return
    for name, at in reader.read_at.items():
        age = "Since a view was known to be read to its end"
        yield Figure("segue_view_age_seconds", age, {"view": name}, time.time() - at)
    yield Figure(
        "segue_view_records_skipped",
        "Records of views that could not be used",
        {},
        reader.skipped,
        counts=True,
    )
