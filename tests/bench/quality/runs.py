"""Runs: which logs are replayed, how, and what is asked of them."""

from typing import Any, NamedTuple

from pipelines.replay.evaluation_start import evaluation_start
from pipelines.replay.options import Options

PART = 100_000  # plays of nowplaying that ablation and lag are measured on

SOURCES = ("own_followers", "covisits", "followers", "repeats", "fresh", "popular")
GROUPS = {
    "everyone's followers": ("follower", "followers"),
    "own followers": ("own_follower", "own_followers"),
    "own plays": (
        "own_share", "own_plays", "own_recency", "own_age", "in_session", "is_newest", "own_skips", "liked",
    ),
    "recent plays": ("covisit", "matched", "sequel"),
    "artists": ("artist_share", "artist_session", "same_artist"),
    "popularity": ("popularity", "freshness"),
    "skips": (
        "skip_rate", "own_skips", "session_skip_rate", "usual_skip_rate", "last_skipped", "skipped_before",
        "heard_out",
    ),
    "time of day": ("usual_hour",),
    "session and habits": ("session_length", "session_repeats", "usual_repeats", "silence", "experience"),
}  # fmt: skip
LAGS = (0, 10, 100, 1_000, 10_000)  # plays


class Log(NamedTuple):
    """A log, and which of its plays count."""

    file: str
    evaluate_from: str
    openers: str = "count"
    limit: int | None = None

    def options(self, folder: Any, **more: Any) -> Options:
        """Return the options of a replay of it."""
        return Options(
            str(folder / self.file),
            evaluate_from=evaluation_start(self.evaluate_from),
            openers=self.openers,  # type: ignore[arg-type]  # one of the two
            limit=self.limit,
            **more,
        )


NOWPLAYING = Log("nowplaying_sessions.csv.gz", "0.9", "skip")
NOWPLAYING_PART = Log("nowplaying_sessions.csv.gz", "0.7", "skip", PART)
LASTFM = Log("lastfm_listens.csv.gz", "0.7")
LASTFM1K = Log("lastfm1k_user1.csv.gz", "0.7")
MSSD = Log("mssd_sessions.csv.gz", "0.7")


class Run(NamedTuple):
    """One replay: a log under settings that differ from the defaults."""

    log: Log
    settings: dict[str, Any] = {}
    options: dict[str, Any] = {}


COUNTERS = {"facts": {"recent_plays": 0}}
MAIN = {
    "nowplaying": Run(NOWPLAYING),
    "nowplaying, counters": Run(NOWPLAYING, COUNTERS),
    "nowplaying, frozen": Run(NOWPLAYING, {}, {"learn_until": evaluation_start("0.9")}),
    "lastfm": Run(LASTFM),
    "lastfm1k": Run(LASTFM1K),
    "mssd": Run(MSSD),
}
MSSD_PART = Log("mssd_sessions.csv.gz", "0.7", limit=40_000)
PARTS = {"lastfm": LASTFM, "nowplaying, first plays": NOWPLAYING_PART, "mssd": MSSD_PART}


def ablations() -> dict[tuple[str, str], Run]:
    """Return (log, what is missing) → run."""
    found = {}
    for name, log in PARTS.items():
        found[name, "nothing"] = Run(log)
        for source in SOURCES:
            found[name, f"source {source}"] = Run(log, {"candidates": {source: 0}})
        for group, names in GROUPS.items():
            found[name, group] = Run(log, {"learning": {"without": names}})
    return found


def lags() -> dict[tuple[str, int], Run]:
    """Return (log, plays that views lag behind) → run."""
    return {
        (name, lag): Run(PARTS[name], {}, {"view_lag": lag})
        for name in ("lastfm", "nowplaying, first plays")
        for lag in LAGS
    }
