"""Why: the additive terms behind a score, in words that name what was heard."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from bandits.version import Version
from features.track.table import TrackTable
from numeric.arrays import Singles
from pipelines.decide import Decided
from pipelines.listener import Plays

HOUR_MS = 3_600_000


class Reason(Struct, frozen=True):
    """One additive term of the linear predictor: the column's value and what it adds."""

    term: str  # the pair column
    words: str
    value: float
    contribution: float


class Slot(Struct, frozen=True):
    """One slot of a slate with its reasons, the largest first; they sum to ``mean``."""

    track_id: str
    title: str
    artist: str
    score: float
    propensity: float
    source: str
    mean: float  # the linear predictor; the score is this within [0, 1]
    reasons: tuple[Reason, ...]
    p_skip: float | None = None


class Known(Struct, frozen=True):
    """What words can speak of: one candidate beside what the listener had heard."""

    value: float
    track: str
    artist: str
    last: str  # title of the newest play
    plays: int  # of this track
    skips: int
    ago: int  # plays since the newest of this track
    age_ms: int
    artist_plays: int
    artist_finished: int


def explain(decided: Decided, version: Version, plays: Plays, table: TrackTable) -> tuple[Slot, ...]:
    """Return the slate with every term of its linear predictors, in words.

    ``version`` is the one that decided; ``plays`` are the listener's, of which those up to the decision
    are spoken of. A slate of an earlier version would get terms that do not sum to its means.
    """
    considered, scores = decided.considered, decided.scores
    heard = plays[plays["at_ms"] <= scores.at_ms]
    place = {handle: at for at, handle in enumerate(considered.handles.tolist())}
    slots = []
    for slot in scores.slate:
        handle = table.handle(slot.track_id)
        columns = considered.columns[place[handle]]
        terms = version.contributions(considered.context, columns)
        reasons = _reasons(version.pair_names, columns, terms.tolist(), handle, heard, scores.at_ms, table)
        slots.append(
            Slot(
                slot.track_id, title_of(table, handle), artist_of(table, handle), slot.score, slot.propensity,
                slot.source, float(considered.means[place[handle]]), reasons, slot.p_skip,
            )
        )  # fmt: skip
    return tuple(slots)


def title_of(table: TrackTable, handle: int) -> str:
    """Return a track's title, or its id where the catalogue has none."""
    track = table.titles.get(handle)
    return (track and track.title) or table.names[handle]


def artist_of(table: TrackTable, handle: int) -> str:
    """Return the name of a track's artist, or the artist's id; empty where neither is known."""
    track = table.titles.get(handle)
    return "" if track is None else track.artist or track.artist_id or ""


def _reasons(
    names: tuple[str, ...],
    columns: Singles,
    terms: list[float],
    handle: int,
    heard: Plays,
    at_ms: int,
    table: TrackTable,
) -> tuple[Reason, ...]:
    own = np.flatnonzero(heard["track"] == handle)
    artist = int(table.tracks[handle]["artist"])
    by_artist = heard[table.tracks["artist"][heard["track"]] == artist] if artist >= 0 else heard[:0]
    reasons = []
    for name, value, contribution in zip(names, columns.tolist(), terms, strict=True):
        known = Known(
            value=value,
            track=title_of(table, handle),
            artist=artist_of(table, handle) or "this artist",
            last=title_of(table, int(heard["track"][-1])) if len(heard) else "nothing yet",
            plays=len(own),
            skips=_skips(heard[own]),
            ago=len(heard) - 1 - int(own[-1]) if len(own) else 0,
            age_ms=at_ms - int(heard["at_ms"][own[-1]]) if len(own) else 0,
            artist_plays=len(by_artist),
            artist_finished=int(np.count_nonzero(by_artist["skipped"] == 0)),
        )
        reasons.append(Reason(name, words_of(name, known), value, contribution))
    return tuple(sorted(reasons, key=lambda reason: -abs(reason.contribution)))


def _skips(plays: npt.NDArray[np.void]) -> int:
    return int(np.count_nonzero(plays["skipped"] == 1))


def words_of(term: str, known: Known) -> str:
    """Return a column in words; one without words goes by its name."""
    phrase = PHRASES.get(term)
    return phrase(known) if phrase is not None else term.replace("_", " ")


def _times(n: int) -> str:
    return {1: "once", 2: "twice"}.get(n, f"{n} times")


def _about(times: float) -> str:
    """Say a decayed count: ten exposures weigh as much as a play."""
    return "hardly" if times < 1 else f"about {_times(round(times))}"


def _recency(known: Known) -> str:
    return f"played {known.ago} plays ago" if known.ago else "the newest play"


def _age(age_ms: int) -> str:
    if age_ms < HOUR_MS:
        return f"{max(age_ms // 60_000, 1)} min ago"
    return f"{age_ms // HOUR_MS} h ago" if age_ms < 48 * HOUR_MS else f"{age_ms // (24 * HOUR_MS)} days ago"


def _verdict(known: Known) -> str:
    return "liked" if known.value > 0 else "disliked" if known.value < 0 else "no verdict on it"


PHRASES: dict[str, Callable[[Known], str]] = {
    "bias": lambda _: "any track at this moment",
    "follower": lambda known: f"{known.value:.0%} of plays after “{known.last}” go here",
    "followers": lambda _: "goes with the last few tracks",
    "own_follower": lambda known: f"came right after “{known.last}” before",
    "own_followers": lambda _: "part of a run heard before",
    "own_share": lambda known: f"{known.value:.0%} of all plays are of this track",
    "own_plays": lambda known: f"played {_times(known.plays)}" if known.plays else "not played before",
    "own_recency": lambda known: _recency(known) if known.plays else "not played before",
    "own_age": lambda known: f"heard {_age(known.age_ms)}" if known.plays else "not heard before",
    "popularity": lambda known: f"{known.value**4:.1%} of the plays of the most played track",
    "freshness": lambda known: f"heard or shown {_about(1 / max(known.value, 1e-9) - 1)} of late",
    "artist_share": lambda known: (
        f"finished {known.artist_finished} of {known.artist_plays} by {known.artist}"
        if known.artist_plays
        else f"nothing by {known.artist} yet"
    ),
    "artist_session": lambda known: f"{known.value:.0%} of this session is by {known.artist}",
    "same_artist": lambda known: f"the same artist as “{known.last}”" if known.value else "another artist",
    "in_session": lambda known: "played in this session" if known.value else "not played in this session",
    "is_newest": lambda known: "just played" if known.value else "not the track just played",
    "skip_rate": lambda known: f"{known.value:.0%} of its plays are skipped",
    "own_skips": lambda known: f"skipped {known.skips} of {known.plays}" if known.plays else "never skipped",
    "liked": _verdict,
    "covisit": lambda known: f"{known.value:.1%} of what others play around the last tracks",
    "matched": lambda known: f"{known.value:.1%} of that in sessions like this one",
    "sequel": lambda _: "follows the last two tracks, in their order",
}
"""What each pair column says of a candidate; a column without words goes by its name."""
