"""Former layouts: feedback described by an earlier version's columns, brought into today's."""

import numpy as np
from msgspec.structs import replace

from pipelines.views import CONTEXT_NAMES, LAYOUT, PAIR_NAMES
from topics.feedback import Feedback
from topics.ids import name_of

Names = tuple[str, ...]


def _named(text: str) -> Names:
    return tuple(text.split())


_PAIR_22 = _named(
    "bias follower followers own_follower own_followers own_share own_plays own_recency own_age popularity "
    "freshness artist_share artist_session same_artist in_session is_newest skip_rate own_skips liked "
    "covisit matched sequel"
)
_CONTEXT_13 = _named(
    "bias session_length session_skip_rate usual_skip_rate session_repeats usual_repeats silence "
    "night evening weekend last_skipped usual_hour experience"
)
_HEARD = ("heard_out", "skipped_before")
_CLOCK = ("night", "evening", "weekend")
LAYOUTS: tuple[tuple[Names, Names], ...] = (
    (_CONTEXT_13, _PAIR_22),
    ((*_CONTEXT_13, *_HEARD), _PAIR_22),
    ((*(name for name in _CONTEXT_13 if name not in _CLOCK), *_HEARD), _PAIR_22),
)
"""The names of context and columns in each layout that was ever published; today's is the last."""


def layout_of(context_names: Names, pair_names: Names) -> str:
    """Return what a layout is called.

    >>> layout_of(CONTEXT_NAMES, PAIR_NAMES) == LAYOUT
    True
    """
    return name_of("layout", *context_names, "|", *pair_names)[:8]


_FORMER = {layout_of(*names): names for names in LAYOUTS}


def in_todays_layout(feedback: Feedback) -> Feedback | None:
    """Return the feedback with today's columns: new ones are zeros, those that are gone are left out.

    That is exact: evidence that knows a column since today has zeros of it from before. None for a layout
    that nobody before us wrote; numbers that have not the size of their layout are left as they are.
    """
    if feedback.layout == LAYOUT:
        return feedback
    names = _FORMER.get(feedback.layout)
    if names is None:
        return None
    context_names, pair_names = names
    sizes = {len(slot.columns) for slot in feedback.slots}
    if len(feedback.context) != 4 * len(context_names) or sizes - {4 * len(pair_names)}:
        return feedback
    return replace(
        feedback,
        layout=LAYOUT,
        context=_moved(feedback.context, context_names, CONTEXT_NAMES),
        slots=tuple(
            replace(slot, columns=_moved(slot.columns, pair_names, PAIR_NAMES)) for slot in feedback.slots
        ),
    )


def _moved(numbers: bytes, old: Names, new: Names) -> bytes:
    known = dict(zip(old, np.frombuffer(numbers, "<f4"), strict=True))
    return np.array([known.get(name, 0.0) for name in new], "<f4").tobytes()
