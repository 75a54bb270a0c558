"""Places: how far the partitions of one reader were read, as the restriction of a splittable DoFn.

A restriction is a tuple of (partition, next offset, end), ordered by partition; the end, which is not read
any more, is None as long as there is none.
"""

from typing import Any

from apache_beam.io.iobase import RestrictionProgress, RestrictionTracker

Places = tuple[tuple[int, int, int | None], ...]


class PlacesTracker(RestrictionTracker):  # type: ignore[misc]  # beam has no types
    """Claims (partition, offset), each partition's in order; splits off nothing but all that is left.

    >>> tracker = PlacesTracker(((0, 5, None), (1, 0, None)))
    >>> tracker.try_claim((0, 7))
    True
    >>> tracker.try_split(0)
    (((0, 5, 8), (1, 0, 0)), ((0, 8, None), (1, 0, None)))
    >>> tracker.try_claim((1, 0)), tracker.check_done()
    (False, True)
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._next = {partition: start for partition, start, _ in places}

    def current_restriction(self) -> Places:
        """Return what this reader was given, with ends once there are any."""
        return self._places

    def current_progress(self) -> Any:
        """Return that as much was done as has no end."""
        taken = sum(self._next[partition] - start for partition, start, _ in self._places)
        return RestrictionProgress(completed=taken, remaining=0)

    def try_claim(self, position: tuple[int, int]) -> bool:
        """Tell whether a record is ours; raises ValueError for one that was claimed, or passed, before."""
        partition, offset = position
        if offset < self._next[partition]:
            raise ValueError(
                f"offset {offset} of partition {partition} came, expected at least {self._next[partition]}"
            )
        if self._ended():
            return False
        self._next[partition] = offset + 1
        return True

    def try_split(self, fraction_of_remainder: float) -> tuple[Places, Places] | None:
        """Return what was claimed, and all the rest; None for any other share: there is no measure of it."""
        if fraction_of_remainder != 0 or self._ended():
            return None
        rest = tuple((partition, self._next[partition], None) for partition, _, _ in self._places)
        self._places = tuple(
            (partition, start, self._next[partition]) for partition, start, _ in self._places
        )
        return self._places, rest

    def check_done(self) -> bool:
        """Tell that all is claimed; raises ValueError where nothing was split off what has no end."""
        if not self._ended():
            raise ValueError("a reader came to an end that its partitions do not have")
        return True

    def is_bounded(self) -> bool:
        """Tell that partitions have no end."""
        return False

    def _ended(self) -> bool:
        return all(end is not None for _, _, end in self._places)
