import time
from collections.abc import Callable
from itertools import islice

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipelines.importers import IMPORTERS, read_log
from pipelines.importers.source import GZIP, LINE_MAX, Source
from topics.codec import decode_line, encode_line
from topics.dead_letter import DeadLetter
from topics.erasure import Erasure
from topics.play import Play
from topics.request import Request
from topics.scores import Scores
from topics.track import Track

PLAY = Play("e1", "ann", "t1", 60_000, heard_ms=1_000)


def test_records_come_in_the_order_they_stand(written: Callable[[str, bytes], str]) -> None:
    """Log order is the order of effect: nothing is sorted, whatever the event times say."""
    records = [
        PLAY,
        Request("r1", "ann", 5),
        Track("t1", title="Ça ira"),
        Erasure("ann", 9),
        Play("e0", "bo", "t1", 1),
    ]
    path = written("log.jsonl", b"".join(encode_line(record) for record in records))

    entries = list(read_log(path))

    assert [entry.record for entry in entries] == records
    assert [entry.offset for entry in entries] == [0, 1, 2, 3, 4]


def test_the_append_time_of_a_line_stands_beside_its_record(written: Callable[[str, bytes], str]) -> None:
    """``received_ms`` is the log's, not the record's."""
    line = encode_line(PLAY)[:-2] + b',"received_ms":70000}\n'

    (entry,) = read_log(written("log.jsonl", line))

    assert entry.received_ms == 70_000
    assert entry.record == PLAY


def test_an_odd_line_is_a_dead_letter_with_its_number_and_bytes(written: Callable[[str, bytes], str]) -> None:
    """What was read before and after stays; blank lines are no rows, but they count as lines."""
    odd = b'{"event_id":"e2","listener_id":"ann","track_id":"t1","started_ms":-5}  \r'
    path = written("log.jsonl", encode_line(PLAY) + b"\n \n" + odd + b"\n" + encode_line(PLAY))

    entries = list(read_log(path))

    letter = entries[1].record
    assert isinstance(letter, DeadLetter)
    assert (letter.reason, letter.source, letter.offset, letter.value) == ("invalid", "log.jsonl", 4, odd)
    assert letter.detail == "started_ms is -5, expected `int` >= 0"
    assert letter.field == "started_ms"
    assert [entry.offset for entry in entries] == [0, 1, 2]


def test_a_record_that_is_no_part_of_a_log_is_odd(written: Callable[[str, bytes], str]) -> None:
    """Scores are what the engine says, not what it hears."""
    scores = Scores("d", "ann", 1, "now_playing", "e", "uniform", "1", ())

    _, entry = read_log(written("log.jsonl", encode_line(PLAY) + encode_line(scores)))

    assert isinstance(entry.record, DeadLetter)
    assert entry.record.reason == "unknown_schema"
    assert entry.record.detail.startswith("schema is 'scores.v1', expected one of play.v1, request.v1")


def test_dead_letters_of_an_import_stay_dead_letters(written: Callable[[str, bytes], str]) -> None:
    """An imported file that holds its dead letters as lines reads as the import did."""
    letter = DeadLetter("invalid", "ts is missing", "endsong_0.json", 7, b"\xff{}")

    entries = list(read_log(written("log.jsonl", encode_line(PLAY) + encode_line(letter))))

    assert [entry.record for entry in entries] == [PLAY, letter]


def test_a_line_without_end_is_cut_and_reading_goes_on(written: Callable[[str, bytes], str]) -> None:
    """Beyond 1 MiB a line is never held; the next one is read as if nothing had been."""
    long = b'{"event_id":"' + b"x" * (5 * LINE_MAX) + b'"}\n'

    entries = list(read_log(written("log.jsonl", encode_line(PLAY) + long + encode_line(PLAY))))

    letter = entries[1].record
    assert isinstance(letter, DeadLetter)
    assert letter.value == long[:LINE_MAX]
    assert "more than 1048576 bytes" in letter.detail
    assert [entry.record for entry in entries[::2]] == [PLAY, PLAY]


def test_it_streams(source_of: Callable[[bytes], Source]) -> None:
    """The first records are there before the last bytes are read."""
    blocks = []

    class Watched(Source):
        def blocks(self):  # type: ignore[no-untyped-def]  # noqa: ANN202
            for _ in range(1000):
                blocks.append(1)
                yield encode_line(PLAY) * 100

    found = list(islice(IMPORTERS["jsonl"].read([Watched("a-file", lambda: None)], {}), 250))  # type: ignore[arg-type,return-value]

    assert len(found) == 250
    assert len(blocks) == 3


@given(st.lists(st.one_of(st.binary(max_size=80), st.just(encode_line(PLAY)[:-1]))))
def test_every_line_is_a_record_or_a_dead_letter(
    source_of: Callable[[bytes], Source], lines: list[bytes]
) -> None:
    """Count in is count out, and dead letters hold the very bytes of their line."""
    content = b"\n".join(lines)
    assume(not content.startswith(GZIP))
    rows = [line for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()]

    found = [found.record for found in IMPORTERS["jsonl"].read([source_of(content)], {})]

    assert len(found) == len(rows)
    for row, record in zip(rows, found, strict=True):
        assert record == PLAY or (isinstance(record, DeadLetter) and record.value == row)


@pytest.mark.timed
def test_a_line_costs_little_beside_its_decoding(source_of: Callable[[bytes], Source]) -> None:
    """Less than 4 µs a line are ours; the best of several runs, as machines are noisy."""
    lines = 20_000
    content = encode_line(PLAY) * lines

    def seconds(work: Callable[[], object]) -> float:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    def decode_all() -> None:
        for line in content.split(b"\n")[:-1]:
            decode_line(line)

    def read_all() -> None:
        for _ in IMPORTERS["jsonl"].read([source_of(content)], {}):
            pass

    ours = min(seconds(read_all) for _ in range(5)) - min(seconds(decode_all) for _ in range(5))

    assert ours / lines < 4e-6


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_an_empty_log(written: Callable[[str, bytes], str], content: bytes) -> None:
    """Nothing to read is nothing wrong."""
    assert list(read_log(written("log.jsonl", content), format="jsonl")) == []
