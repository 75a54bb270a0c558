"""Records to bytes and back."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.topics.strategies import plays, records, times
from topics.codec import DEFAULT_SCHEMA, SCHEMA_OF, SCHEMAS, decode, decode_line, encode, encode_line


@given(record=records)
def test_every_record_comes_back_from_its_bytes_as_it_was(record: msgspec.Struct) -> None:
    """Every field, every float bit, every byte string survives."""
    schema = SCHEMA_OF[type(record)]

    assert decode(encode(record), schema) == record


@given(record=records)
def test_every_record_comes_back_from_a_line_of_a_file(record: msgspec.Struct) -> None:
    """The line carries its schema, holds no line break inside, and says nothing of its receipt."""
    line = encode_line(record)

    assert line.index(b"\n") == len(line) - 1
    assert decode_line(line) == (record, None)


@given(record=records)
def test_encoding_is_canonical(record: msgspec.Struct) -> None:
    """Equal records give equal bytes, so files can be compared with cmp."""
    again = decode(encode(record), SCHEMA_OF[type(record)])

    assert encode(again) == encode(record)


@given(play=plays, received_ms=times)
def test_a_line_may_say_when_its_log_received_it(play: Any, received_ms: int) -> None:
    """What Kafka knows as append time stands in files as received_ms."""
    line = encode_line(play).replace(b"{", b'{"received_ms":%d,' % received_ms, 1)

    assert decode_line(line) == (play, received_ms)


@given(play=plays)
def test_a_line_without_a_schema_is_a_play(play: Any) -> None:
    """The most common record needs no header."""
    assert SCHEMAS[DEFAULT_SCHEMA] is type(play)
    assert decode_line(encode(play)) == (play, None)


@given(record=records, name=st.text("xyz", min_size=1), value=st.none() | st.integers() | st.lists(st.text()))
def test_unknown_fields_are_ignored(record: msgspec.Struct, name: str, value: object) -> None:
    """A producer that knows more than we do is read all the same."""
    schema = SCHEMA_OF[type(record)]
    more = msgspec.json.encode({f"new_{name}": value}).removesuffix(b"}") + b"," + encode(record)[1:]

    assert decode(more, schema) == record


@pytest.mark.parametrize("schema", SCHEMAS)
def test_optional_fields_have_defaults_and_are_left_out_of_the_bytes(schema: str) -> None:
    """A record that says only what it must is as short as it can be."""
    optional = [field for field in msgspec.structs.fields(SCHEMAS[schema]) if not field.required]

    for field in optional:
        assert field.default is not msgspec.NODEFAULT or field.default_factory is not msgspec.NODEFAULT
    assert not optional or SCHEMAS[schema].__struct_config__.omit_defaults
