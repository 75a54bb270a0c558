"""Influence: how many of a listener's records may count for what everybody shares."""

from pipelines.settings import HOUR_MS, Settings


def spent(until_ms: int, now_ms: int, settings: Settings) -> int | None:
    """Return up to when a listener's share is spent with one record more; None if it is spent already.

    Each record takes an hour's N-th part of the time to come, and at most an hour may be taken in advance:
    N records at once, N more in every hour after, and N · (1 + hours) in any stretch of time. ``now_ms`` is
    when the record's log received it, or, where that is not known, its listener's newest event time.

    Source: ITU-T I.371, the generic cell rate algorithm: one number is all that is kept.

    >>> two = Settings(limits={"records_per_hour": 2})
    >>> first = spent(-1, 0, two)
    >>> second = spent(first, 0, two)
    >>> first, second, spent(second, 0, two), spent(second, 1_800_000, two)
    (1800000, 3600000, None, 5400000)
    """
    until_ms = max(until_ms, now_ms) + HOUR_MS // settings.limits.records_per_hour
    return until_ms if until_ms - now_ms <= HOUR_MS else None
