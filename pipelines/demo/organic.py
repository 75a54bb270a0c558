"""Organic logs: what producers would publish if everybody listened alone; large ones in seconds.

Sessions never cross a quarter of a day, so each quarter is played at once and then put in order.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct

from pipelines.demo.choosing import quarter_alone
from pipelines.demo.listening import empty_history
from pipelines.demo.sessions import TURNS_MAX, openings
from pipelines.demo.truth import Truth
from topics.play import Play
from topics.request import Request

QUARTERS_MAX = 40_000  # 27 years


class OrganicLog(Struct, frozen=True):
    """A log of ``plays`` ended plays; each iteration over it starts the world anew."""

    truth: Truth
    listener_ids: Sequence[str]
    track_ids: Sequence[str]
    plays: int

    def ended(self) -> Iterator[Play]:
        """Yield the plays as they end, in event-time order; of equals the lower listener's first."""
        length_ms = self.truth.length_ms.tolist()
        for session, rows in self._quarters():
            for row in rows:
                yield self._ended(row, session, length_ms[row[1]])

    def all_records(self) -> Iterator[Play | Request]:
        """Yield the same, each play with a record as it starts, each session with a request before it."""
        length_ms = self.truth.length_ms.tolist()
        for session, rows in self._quarters():
            moments: list[tuple[int, int, int, Play | Request]] = []  # time, what goes first, number
            for n, row in enumerate(rows):
                listener, track, started_ms, heard_ms, _, step = row
                name, who = f"{listener}.{session}.{step}", self.listener_ids[listener]
                if step == 0:
                    moments.append((started_ms, 0, n, Request(f"{name}.asked", who, started_ms)))
                start = Play(f"{name}.started", who, self.track_ids[track], started_ms, play_id=name)
                moments.append((started_ms, 1, n, start))
                moments.append((started_ms + heard_ms, 2, n, self._ended(row, session, length_ms[track])))
            moments.sort(key=lambda moment: moment[:3])
            yield from (moment[3] for moment in moments)

    def _quarters(self) -> Iterator[tuple[int, list[list[int]]]]:
        """Yield (quarter of a day, its plays by time of end); for the fields see `quarter_alone`."""
        truth, left = self.truth, self.plays
        history = empty_history(len(self.listener_ids), len(self.track_ids), int(truth.artist.max()) + 1)
        for session in range(QUARTERS_MAX):
            listeners = openings(truth, session)
            rows = np.empty((TURNS_MAX * listeners.size, 6), np.int64)
            rows = rows[: quarter_alone(truth, history, session, listeners, rows)]
            rows = rows[np.argsort(rows[:, 2] + rows[:, 3], kind="stable")][:left]
            yield session, rows.tolist()
            left -= len(rows)
            if left <= 0:
                return
        raise ValueError(f"{len(self.listener_ids)} listeners never give {self.plays} plays; add listeners")

    def _ended(self, row: list[int], session: int, length_ms: int) -> Play:
        listener, track, started_ms, heard_ms, liked, step = row
        name = f"{listener}.{session}.{step}"
        return Play(
            f"{name}.ended",
            self.listener_ids[listener],
            self.track_ids[track],
            started_ms,
            heard_ms,
            length_ms,
            "trackdone" if heard_ms == length_ms else "fwdbtn",
            liked=liked,
            play_id=name,
        )
