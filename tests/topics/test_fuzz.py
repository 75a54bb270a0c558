"""Bytes nobody meant: whatever comes, the codec answers with a record or with `Rejected`."""

from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.topics.strategies import records
from topics.codec import SCHEMAS, decode, decode_line, encode_line
from topics.dead_letter import Rejected

LONGER = settings().max_examples // 50  # 1 at the desk, 10 in CI
MESSAGE_MAX = 400

field_names = st.sampled_from(
    sorted(
        {"schema", "received_ms"} | {name for record in SCHEMAS.values() for name in record.__struct_fields__}
    )
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=80)
    | st.sampled_from([*SCHEMAS, "", "é" * 40, "a" * 65, "recommended", "music", "AAAA"])
)
shapes = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(field_names, inner, max_size=4),
    max_leaves=8,
)
objects = st.dictionaries(field_names, shapes, max_size=8)
schema_names = st.sampled_from(sorted(SCHEMAS))
splices = st.sampled_from(
    [
        b"",
        b"null",
        b"-1",
        b"1e999",
        b'""',
        b'"\\ud800"',
        b"\xff",
        b"{",
        b"}",
        b"[[[[",
        b",",
        b":",
        b'"',
        b"\\",
        b"0" * 30,
    ]
)


def only_rejected(read: Callable[..., Any], *arguments: Any) -> None:
    """Fail unless reading succeeds, or is rejected with a reason of bounded length."""
    rejected = None
    try:
        read(*arguments)
    except Rejected as error:
        rejected = error

    if rejected:
        assert 0 < len(str(rejected)) < MESSAGE_MAX
        assert rejected.reason in {"not_json", "invalid", "unknown_schema"}


@settings(max_examples=1_000 * LONGER)
@given(value=st.binary(max_size=200), schema=schema_names | st.text(max_size=100))
@example(value=b"[" * 100_000, schema="play.v1")
@example(value=b'"kind":"' + b"x" * 1000 + b'"', schema="track.v1")
def test_raw_bytes_are_a_record_or_rejected(value: bytes, schema: str) -> None:
    """No other exception, whatever the bytes and the header: ten readings each, 100,000 in CI."""
    for whole in (value, b"{%b}" % value, b'{"event_id":%b}' % value, b'{"track_id":"%b"}' % value):
        only_rejected(decode, whole, schema)
        only_rejected(decode_line, whole)
    only_rejected(decode_line, b'{"schema":"%b"}' % value)
    only_rejected(decode_line, b'{"schema":"track.v1","genres":%b}' % value)


@settings(max_examples=150 * LONGER)
@given(document=objects, schema=schema_names)
def test_json_of_any_shape_is_a_record_or_rejected(document: dict[str, object], schema: str) -> None:
    """Known names with foreign values reach every check there is."""
    only_rejected(decode, msgspec.json.encode(document), schema)
    only_rejected(decode_line, msgspec.json.encode({"schema": schema} | document))


@settings(max_examples=60 * LONGER)
@given(record=records, cut=st.integers(0, 12), splice=splices | st.binary(max_size=4))
def test_a_record_damaged_at_any_place_is_a_record_or_rejected(
    record: msgspec.Struct, cut: int, splice: bytes
) -> None:
    """A few bytes lost or replaced, at every place of the line in turn: some 100,000 readings in CI."""
    line = encode_line(record)

    for at in range(len(line)):
        damaged = line[:at] + splice + line[at + cut :]
        only_rejected(decode_line, damaged)
