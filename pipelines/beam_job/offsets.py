"""Offsets: which of a partition's records were taken in, as ranges; a run without failures has one."""

from bisect import bisect_right

Ranges = tuple[tuple[int, int], ...]  # (first, last), in order, none touching another


def add(ranges: Ranges, offset: int) -> Ranges:
    """Return the ranges with one offset more.

    >>> add(((3, 5), (7, 7)), 6)
    ((3, 7),)
    >>> add(((3, 5),), 9)
    ((3, 5), (9, 9))
    """
    if ranges and ranges[-1][1] == offset - 1:  # nearly always
        return (*ranges[:-1], (ranges[-1][0], offset))
    if holds(ranges, offset):
        return ranges
    place = bisect_right(ranges, (offset, offset))
    first = last = offset
    before, after = ranges[:place], ranges[place:]
    if before and before[-1][1] == offset - 1:
        first, before = before[-1][0], before[:-1]
    if after and after[0][0] == offset + 1:
        last, after = after[0][1], after[1:]
    return (*before, (first, last), *after)


def holds(ranges: Ranges, offset: int) -> bool:
    """Tell whether an offset is in one of the ranges.

    >>> [offset for offset in range(10) if holds(((3, 5), (7, 7)), offset)]
    [3, 4, 5, 7]
    """
    place = bisect_right(ranges, offset, key=lambda found: found[0])
    return place > 0 and ranges[place - 1][1] >= offset
