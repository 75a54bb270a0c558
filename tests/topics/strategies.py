"""Hypothesis strategies for records: whatever a well-meaning producer or the engine may write."""

from typing import TypeVar

from hypothesis import strategies as st
from msgspec import Struct

from topics.codec import SCHEMAS
from topics.dead_letter import DeadLetter
from topics.erasure import Erasure
from topics.feedback import Feedback, FeedbackSlot
from topics.play import HEARD_MS_MAX, Play
from topics.policy_snapshot import PolicySnapshot
from topics.recent_play import RecentPlay
from topics.request import Request
from topics.scores import Decision, ScoredTrack, Scores, Why
from topics.track import Track
from topics.track_events import TrackEvents
from topics.track_facts import TrackFacts

text = st.text(st.characters(codec="utf-8"), max_size=12)
ids = st.text(
    st.characters(codec="utf-8", categories=("L", "M", "N", "P", "S", "Zs", "Cf")), min_size=1, max_size=16
) | (st.text("ab", min_size=64, max_size=64))
surfaces = st.text(st.characters(codec="utf-8"), min_size=1, max_size=64)
times = st.integers(0, 4_102_444_800_000)
floats = st.floats(allow_nan=False, allow_infinity=False)
shares = st.floats(0, 1)
probabilities = st.floats(0, 1, exclude_min=True)
packed = st.binary(max_size=16)
marks = st.text("0123456789abcdef", min_size=16, max_size=16)


T = TypeVar("T")


def maybe(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    """Return null now and then."""
    return st.none() | strategy


plays = st.builds(
    Play,
    ids,
    ids,
    ids,
    times,
    heard_ms=maybe(st.integers(0, HEARD_MS_MAX)),
    length_ms=maybe(st.integers(1, HEARD_MS_MAX)),
    end_reason=maybe(text),
    skipped=maybe(st.booleans()),
    liked=st.integers(-1, 1),
    play_id=maybe(ids),
    decision_id=maybe(ids),
    shown=maybe(st.integers(0, 50)),
    surface=surfaces,
)
requests = st.builds(
    Request,
    ids,
    ids,
    times,
    surface=surfaces,
    candidates=maybe(st.lists(ids, max_size=5).map(tuple)),
    limit=maybe(st.integers(1, 50)),
    shown=maybe(st.integers(0, 50)),
)
tracks = st.builds(
    Track,
    ids,
    title=text,
    artist_id=maybe(ids),
    artist=text,
    kind=st.sampled_from(["music", "podcast", "audiobook", "video"]),
    genres=st.lists(text, max_size=3).map(tuple),
    length_ms=maybe(st.integers(1, HEARD_MS_MAX)),
    released_ms=maybe(st.integers(-4_102_444_800_000, 4_102_444_800_000)),
    playable=st.booleans(),
    explicit=st.booleans(),
    attributes=st.dictionaries(text, floats, max_size=3),
)
slates = st.lists(
    st.builds(
        ScoredTrack,
        ids,
        shares,
        probabilities,
        text,
        p_skip=maybe(shares),
        why=st.lists(st.builds(Why, text, floats), max_size=2).map(tuple),
    ),
    max_size=3,
).map(tuple)
scores = st.builds(
    Scores, ids, ids, times, surfaces, ids, text, text, slates, reason=maybe(text), repeatable=st.booleans()
)
lists_of_ids = st.lists(ids, max_size=3).map(tuple)
names = st.lists(text, max_size=3).map(tuple)
feedback_slots = st.builds(
    FeedbackSlot,
    st.integers(0, 49),
    ids,
    packed,
    maybe(probabilities),
    shares,
    reward_change=st.floats(-1, 1),
    first=st.booleans(),
)

RECORDS: dict[type[Struct], st.SearchStrategy[Struct]] = {
    Play: plays,
    Request: requests,
    Erasure: st.builds(Erasure, ids, times),
    Track: tracks,
    Scores: scores,
    Decision: st.builds(Decision, scores, text, packed, lists_of_ids, names, packed),
    Feedback: st.builds(
        Feedback,
        ids,
        marks,
        times,
        st.sampled_from(["recommended", "organic", "erased"]),
        st.sampled_from(["decision_id", "track", "none"]),
        text,
        text,
        text,
        packed,
        st.lists(feedback_slots, max_size=3).map(tuple),
        part=st.integers(0, 9),
        final=st.booleans(),
    ),
    TrackEvents: st.builds(TrackEvents, lists_of_ids, packed),
    TrackFacts: st.builds(
        TrackFacts,
        ids,
        times,
        *[floats] * 7,
        st.integers(0, 10**6),
        st.integers(0, 10**6),
        packed,
        artist_id=maybe(ids),
        first_heard_ms=maybe(times),
    ),
    PolicySnapshot: st.builds(
        PolicySnapshot,
        text,
        st.integers(0, 99),
        st.integers(0, 2**40),
        text,
        names,
        names,
        marks,
        st.integers(-1, 2**60),
        times,
        times,
        floats,
        packed,
        alarms=st.lists(st.tuples(times, shares), max_size=2).map(tuple),
    ),
    RecentPlay: st.builds(RecentPlay, marks, ids, times),
    DeadLetter: st.builds(
        DeadLetter,
        st.sampled_from(["not_json", "invalid", "unknown_schema", "late", "future", "failed"]),
        text,
        text,
        st.integers(0, 2**60),
        st.binary(max_size=64),
        partition=st.integers(0, 100),
        field=text,
        key=maybe(packed),
    ),
}
assert set(RECORDS) == set(SCHEMAS.values()), "a record without a strategy is a record without tests"
records = st.sampled_from(sorted(RECORDS, key=lambda record: record.__name__)).flatmap(RECORDS.__getitem__)
