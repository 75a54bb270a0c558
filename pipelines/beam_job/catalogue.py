"""Catalogue: what was said of a track, where in the log; so that a play sees what was said before it."""

from bisect import bisect_right
from collections.abc import Iterable

from msgspec import Struct

from pipelines.beam_job.shards import Place
from topics.track import Track

BEFORE_ALL = -1  # the shard of a catalogue file


class Listed(Struct, frozen=True):
    """One catalogue entry, and where it came to be known."""

    place: Place
    track: Track
    by_row: bool = False  # a play's row says it; only the first one of a track counts


class Lengths(Struct, frozen=True):
    """How long a track is said to be, from which place on; 0 for not known."""

    places: list[Place]
    lengths_ms: list[int]

    def at(self, place: Place) -> int:
        """Return what is known at a place of the log.

        >>> Lengths([Place(0, 0, 5), Place(0, 1, 2)], [1_000, 2_000]).at(Place(0, 1, 1))
        1000
        """
        known = bisect_right(self.places, place)
        return self.lengths_ms[known - 1] if known else 0


def in_effect(said: Iterable[Listed]) -> list[Listed]:
    """Return what was said of one track, in log order, without rows that repeat its name."""
    ordered = sorted(said, key=lambda listed: listed.place)
    first = next((listed for listed in ordered if listed.by_row), None)
    return [listed for listed in ordered if not listed.by_row or listed is first]


def lengths_of(said: Iterable[Listed]) -> Lengths | None:
    """Return how long one track is known to be, None if it never is."""
    listed = in_effect(said)
    lengths_ms = [entry.track.length_ms or 0 for entry in listed]
    return Lengths([entry.place for entry in listed], lengths_ms) if any(lengths_ms) else None
