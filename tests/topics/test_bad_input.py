"""Records that cannot be used: each is rejected with the field, what came and what was expected."""

import pytest

from topics.codec import SCHEMAS, decode, decode_line
from topics.dead_letter import DeadLetter, Rejected
from topics.ids import check_id_bytes

PLAY = {"event_id": '"e1"', "listener_id": '"ann"', "track_id": '"t1"', "started_ms": "60000"}
TRACK = {"schema": '"track.v1"', "track_id": '"t1"'}
REQUEST = {"schema": '"request.v1"', "request_id": '"r1"', "listener_id": '"ann"', "at_ms": "5"}
KNOWN = ", ".join(SCHEMAS)
LONG = "é" * 33  # 33 characters, 66 bytes


def line(base: dict[str, str], **changes: str | None) -> bytes:
    """Return a line with some fields changed, or left out where None."""
    fields = {name: value for name, value in (base | changes).items() if value is not None}
    return ("{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}").encode()


INVALID = {
    "wrong type": (
        line(PLAY, heard_ms='"x"'),
        "heard_ms",
        'heard_ms is "x", expected `int | null`, got `str`',
    ),
    "a float for an int": (
        line(PLAY, heard_ms="1.5"),
        "heard_ms",
        "heard_ms is 1.5, expected `int | null`, got `float`",
    ),
    "null where none may be": (
        line(PLAY, surface="null"),
        "surface",
        "surface is null, expected `str`, got `null`",
    ),
    "a truth value for a number": (
        line(PLAY, started_ms="true"),
        "started_ms",
        "started_ms is true, expected `int`, got `bool`",
    ),
    "missing field": (line(PLAY, started_ms=None), "started_ms", "started_ms is missing, expected a value"),
    "missing field deeper down": (
        b'{"schema":"scores.v1","decision_id":"d","listener_id":"a","at_ms":0,"surface":"s","cause":"c",'
        b'"policy":"p","policy_version":"1","slate":[{"track_id":"t","score":0.5,"source":"s"}]}',
        "slate[0].propensity",
        "slate[0].propensity is missing, expected a value",
    ),
    "negative number": (line(PLAY, heard_ms="-5"), "heard_ms", "heard_ms is -5, expected `int` >= 0"),
    "more than a week of one track": (
        line(PLAY, heard_ms="604800001"),
        "heard_ms",
        "heard_ms is 604800001, expected `int` <= 604800000",
    ),
    "seconds since 1970 in microseconds": (
        line(PLAY, started_ms="1700000000000000"),
        "started_ms",
        "started_ms is 1700000000000000, expected `int` <= 4102444800000",
    ),
    "a number of forty digits": (
        line(PLAY, started_ms="1" + "0" * 39),
        "started_ms",
        "started_ms is 1000000000000000000000000000000000000000, expected `int` <= 4102444800000",
    ),
    "a number beyond all floats": (
        line(PLAY, started_ms="1e400"),
        "started_ms",
        "started_ms is beyond ±1.8e308, expected a number that fits 64 bits",
    ),
    "a track without length": (
        line(PLAY, length_ms="0"),
        "length_ms",
        "length_ms is 0, expected `int` >= 1",
    ),
    "liked twice": (line(PLAY, liked="2"), "liked", "liked is 2, expected `int` <= 1"),
    "more slots shown than a slate has": (
        line(PLAY, shown="51"),
        "shown",
        "shown is 51, expected `int` <= 50",
    ),
    "empty id": (line(PLAY, track_id='""'), "track_id", 'track_id is "", expected `str` of length >= 1'),
    "id of 65 characters": (
        line(PLAY, event_id=f'"{"a" * 65}"'),
        "event_id",
        f'event_id is "{"a" * 65}", expected `str` of length <= 64',
    ),
    "id of 66 bytes": (
        line(PLAY, listener_id=f'"{LONG}"'),
        "listener_id",
        "listener_id has 66 bytes of UTF-8, expected at most 64",
    ),
    "a long value is cut": (
        line(PLAY, surface=f'"{"s" * 500}"'),
        "surface",
        f'surface is "{"s" * 78}…, expected `str` of length <= 64',
    ),
    "bad candidate": (
        line(REQUEST, candidates='["t1",""]'),
        "candidates[1]",
        'candidates[1] is "", expected `str` of length >= 1',
    ),
    "candidate of 66 bytes": (
        line(REQUEST, candidates=f'["t1","{LONG}"]'),
        "candidates",
        "candidates has 66 bytes of UTF-8, expected at most 64",
    ),
    "a thousand and one candidates": (
        line(REQUEST, candidates="[" + ",".join(['"t"'] * 1001) + "]"),
        "candidates",
        "candidates is [" + '"t",' * 19 + '"t' + "…, expected `array` of length <= 1000",
    ),
    "no slots wanted": (line(REQUEST, limit="0"), "limit", "limit is 0, expected `int` >= 1"),
    "an unknown kind of track": (
        line(TRACK, kind='"film"'),
        "kind",
        'kind is "film", expected one of music, podcast, audiobook, video',
    ),
    "an attribute that is no number": (
        line(TRACK, attributes='{"tempo.bpm":"fast"}'),
        "attributes[...]",
        "attributes[...], expected `float`, got `str`",
    ),
    "bytes that are not base64": (
        b'{"schema":"dead-letter.v1","reason":"late","detail":"","source":"s","offset":1,"value":"%%"}',
        "value",
        'value is "%%", expected bytes in base64',
    ),
    "not an object": (b"[1,2]", "", "the record is [1,2], expected `object`, got `array`"),
    "receipt in seconds before 1970": (
        line(PLAY, received_ms="-1"),
        "received_ms",
        "received_ms is -1, expected `int` >= 0",
    ),
    "a schema that is no text": (line(PLAY, schema="5"), "schema", "schema is 5, expected `str`, got `int`"),
}
NOT_JSON = {
    "nothing": (b"", "Input data was truncated"),
    "half a line": (b'{"event_id":"e1","li', "Input data was truncated"),
    "text": (b"hello", "JSON is malformed: invalid character (byte 0)"),
    "not a number": (line(PLAY, heard_ms="NaN"), "JSON is malformed: invalid character (byte 83)"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "JSON is malformed: invalid character (byte 0)"),
    "not UTF-8": (
        line(PLAY, track_id='"\udcff"'.encode(errors="surrogateescape").decode("latin-1")).replace(
            "ÿ".encode(), b"\xff"
        ),
        "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
    ),
    "two records in one line": (
        line(PLAY) + line(PLAY),
        "JSON is malformed: trailing characters (byte 73)",
    ),
    "ten thousand brackets": (
        b'{"a":' * 10_000,
        "maximum recursion depth exceeded while deserializing an object",
    ),
}


@pytest.mark.parametrize(("value", "field", "message"), INVALID.values(), ids=INVALID)
def test_a_record_with_a_bad_field_says_which_what_came_and_what_was_expected(
    value: bytes, field: str, message: str
) -> None:
    """The dead letter can be read without looking at the bytes."""
    with pytest.raises(Rejected) as caught:
        decode_line(value)

    assert str(caught.value) == caught.value.detail == message
    assert (caught.value.reason, caught.value.field) == ("invalid", field)


@pytest.mark.parametrize(("value", "problem"), NOT_JSON.values(), ids=NOT_JSON)
def test_what_is_not_json_says_so(value: bytes, problem: str) -> None:
    """The reason is not_json, and the message says where reading stopped."""
    with pytest.raises(Rejected) as caught:
        decode_line(value)

    assert str(caught.value) == f"the value is not JSON ({problem})"
    assert (caught.value.reason, caught.value.field) == ("not_json", "")


@pytest.mark.parametrize(
    ("schema", "shown"),
    [("play.v9", "'play.v9'"), ("", "''"), ("\U000e0001" * 90, "'" + r"\U000e0001" * 7 + r"\U000e00…")],
    ids=["newer", "empty", "long"],
)
def test_an_unknown_schema_is_named_beside_the_known_ones(schema: str, shown: str) -> None:
    """A producer that is ahead of us, or a typing error, is seen at a glance."""
    with pytest.raises(Rejected) as caught:
        decode(b"{}", schema)

    assert str(caught.value) == f"schema is {shown}, expected one of {KNOWN}"
    assert (caught.value.reason, caught.value.field) == ("unknown_schema", "schema")


def test_an_id_that_is_no_text_is_refused_where_records_are_made() -> None:
    """JSON cannot carry a lone surrogate, Python can."""
    with pytest.raises(ValueError, match=r"^track_id is not UTF-8 \(a lone surrogate\), expected text$"):
        check_id_bytes(track_id="\ud800")


def test_a_dead_letter_says_where_the_record_is_now() -> None:
    """One line for the log: place, problem, what happened to it."""
    letter = DeadLetter("invalid", "heard_ms is -5, expected `int` >= 0", "listener-events", 41772, b"{}", 3)

    assert str(letter) == (
        "listener-events[3]@41772: heard_ms is -5, expected `int` >= 0; "
        "sent to dead-letters, listener untouched"
    )
