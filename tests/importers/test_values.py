from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.importers.values import checked, flag, number, time_ms, whole, word
from topics.dead_letter import Rejected
from topics.play import Play

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)


def detail_of(read: Callable[[], Any]) -> str | None:
    """Why it was rejected, None if it was not; any other error comes through."""
    try:
        read()
    except Rejected as error:
        return error.detail
    return None


@given(anything)
@pytest.mark.parametrize("read", [number, whole, time_ms, flag, word])
def test_a_reader_gives_a_value_or_says_what_came(read: Any, value: Any) -> None:
    """Never another error, whatever came; the detail is short."""
    why = detail_of(lambda: read(value, "field"))

    assert why is None or (why.startswith("field is ") and len(why) < 200)


@given(st.integers(min_value=0, max_value=4_102_444_800_000))
def test_milliseconds_of_text_and_numbers_agree(ms: int) -> None:
    """Beyond 1973 a number is told by its size."""
    assert whole(str(ms), "x") == whole(ms, "x") == ms
    if ms > 1e11:
        assert time_ms(ms, "x") == time_ms(str(ms), "x") == ms


@pytest.mark.parametrize(
    "value", [True, "1_000", "٣", "0x10", "NaN", "inf", float("nan"), float("-inf"), [1], "9" * 5000]
)
def test_what_only_looks_like_a_number_is_none(value: Any) -> None:
    """Python would read some of these."""
    with pytest.raises(Rejected, match=r"x is .*, expected a number"):
        number(value, "x")


@given(
    st.dictionaries(
        st.sampled_from(["event_id", "listener_id", "track_id", "started_ms", "heard_ms", "liked"]), anything
    )
)
def test_a_play_is_whole_or_rejected(fields: dict[str, Any]) -> None:
    """Whatever its fields are: no other error comes through."""
    whole_fields = {"event_id": "e", "listener_id": "l", "track_id": "t", "started_ms": 0} | fields

    assert detail_of(lambda: checked(whole_fields, Play)) != ""
