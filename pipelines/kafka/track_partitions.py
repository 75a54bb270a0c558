"""TrackPartitions: which partition what happened to a track belongs in, as Java's clients have it."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from aiokafka.partitioner import murmur2

from features.track.table import TrackTable

UNKNOWN = -1


class TrackPartitions:
    """Remembers the partition of every track of a table, by its handle."""

    def __init__(self, table: TrackTable, partitions: int) -> None:
        self._table, self._partitions = table, partitions
        self._of: npt.NDArray[np.int32] = np.empty(0, np.int32)

    def split(self, events: npt.NDArray[np.void]) -> Iterator[tuple[int, npt.NDArray[np.void]]]:
        """Yield partitions with their events, in order."""
        places = self.of(events["track"])
        for partition in np.unique(places).tolist():
            yield partition, events[places == partition]

    def of(self, tracks: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Return the partition of each track."""
        short = len(self._table) - len(self._of)
        if short > 0:
            self._of = np.concatenate((self._of, np.full(short + len(self._of), UNKNOWN, np.int32)))
        places = self._of[tracks]
        if (places == UNKNOWN).any():
            for track in np.unique(tracks[places == UNKNOWN]).tolist():
                key = self._table.names[track].encode()
                self._of[track] = (murmur2(key) & 0x7FFFFFFF) % self._partitions
            places = self._of[tracks]
        return places
