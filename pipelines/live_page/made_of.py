"""What a decision was made of, from what a listener or the topic ``decisions`` keeps of it."""

import numpy as np

from bandits.version import Version
from candidates import SOURCE_NAMES
from features.track.table import TrackTable
from pipelines.decide import Considered
from pipelines.listener import LISTED_BYTES, Contrasts, Pending
from topics.scores import Decision


def of_pending(
    pending: Pending, contrasts: Contrasts | None, table: TrackTable
) -> tuple[Considered, int | None]:
    """Return the slate's columns and means, and how many candidates there were, where that is still known.

    A decision that waits for its plays keeps what its slate was decided from; ``contrasts`` are kept of a
    listener's newest alone.
    """
    slots = len(pending.tracks)
    considered = Considered(
        np.array([table.handle(name) for name in pending.tracks], np.int32),
        np.zeros(slots, np.uint8),
        np.frombuffer(pending.context, "<f4").copy(),  # kernels know writable arrays
        np.frombuffer(pending.columns, "<f4").reshape(slots, -1).copy(),
        np.array(pending.means),
    )
    return considered, None if contrasts is None else len(contrasts.listed) // LISTED_BYTES


def of_whole(decision: Decision, version: Version, table: TrackTable) -> tuple[Considered, int]:
    """Return all candidates as the policy saw them; ``version`` is the one that decided."""
    count = len(decision.candidates)
    context = np.frombuffer(decision.context, "<f4").copy()
    columns = np.frombuffer(decision.columns, "<f4").reshape(count, -1).copy()
    considered = Considered(
        np.array([table.handle(name) for name in decision.candidates], np.int32),
        np.array([SOURCE_NAMES.index(name) for name in decision.sources], np.uint8),
        context,
        columns,
        np.array([version.contributions(context, row).sum() for row in columns]),
    )
    return considered, count
