"""Hostile files: bombs, paths that lead out, endless nesting, numbers that are none; all refused in words."""

import gzip
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pipelines.importers import ImportFailed, read_log
from pipelines.importers.source import Source
from topics.dead_letter import DeadLetter
from topics.play import Play

Write = Callable[[str, bytes], str]
Zip = Callable[[Mapping[str, bytes]], str]
PLAY = b'{"event_id":"e1","listener_id":"ann","track_id":"t1","started_ms":5}\n'
BOMB = 64 << 20


def letters(path: str) -> list[DeadLetter]:
    """What could not be read."""
    return [entry.record for entry in read_log(path) if isinstance(entry.record, DeadLetter)]


def test_a_gzip_bomb_ends_where_it_swells_beyond_reason(written: Write) -> None:
    """64 MiB of zeros in 64 KiB: reading stops at 1 MiB, and a dead letter says so."""
    bomb = gzip.compress(PLAY + bytes(BOMB))

    source = Source("log.gz", lambda: io.BytesIO(bomb))
    given = sum(map(len, source.blocks()))
    letter = letters(written("log.jsonl.gz", bomb))[-1]

    assert given < 2 << 20
    assert "swell to" in letter.detail
    assert "expected at most 200 times; unpack the file yourself if you trust it" in letter.detail


def test_what_packs_well_for_good_reasons_is_read(written: Write) -> None:
    """Equal lines by the thousand pack a hundred times, and are read to their end."""
    lines = b"".join(PLAY.replace(b"e1", b"e%d" % k) for k in range(30_000))

    assert len(list(read_log(written("log.jsonl.gz", gzip.compress(lines))))) == 30_000


def test_a_zip_bomb_is_refused_before_it_is_opened(zipped: Zip) -> None:
    """Its own table of contents says how far it swells."""
    path = zipped({"log.jsonl": PLAY + bytes(BOMB)})

    with pytest.raises(ImportFailed, match=r"unpacks [0-9]+ bytes to [0-9]+, expected at most 200 times"):
        list(read_log(path, format="jsonl"))


def test_a_zip_within_a_zip_stays_shut(zipped: Zip, tmp_path: Path) -> None:
    """Bombs swell by nesting: members are read, never unpacked again."""
    inner = Path(zipped({"log.jsonl": PLAY})).read_bytes()
    path = zipped({"inner.zip": inner, "log.jsonl": PLAY})

    found = [entry.record for entry in read_log(path, format="jsonl")]

    assert sum(isinstance(record, Play) for record in found) == 1


@pytest.mark.parametrize(
    "name", ["../../outside.jsonl", "/etc/outside.jsonl", "C:\\outside.jsonl", "a/../../o.jsonl"]
)
def test_a_path_that_leads_out_of_a_zip_leads_nowhere(zipped: Zip, tmp_path: Path, name: str) -> None:
    """Members are read in memory: their names are told, never opened or made."""
    before = sorted(tmp_path.rglob("*"))
    path = zipped({name: PLAY})

    found = [entry.record for entry in read_log(path)]

    assert [type(record) for record in found] == [Play]
    assert sorted(tmp_path.rglob("*")) == sorted([*before, Path(path)])


@pytest.mark.parametrize("format_", ["jsonl", "spotify", "spotify-account", "listenbrainz"])
def test_nesting_without_end_is_a_dead_letter(written: Write, format_: str) -> None:
    """A hundred thousand levels: no parser of ours goes down there."""
    deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    content = b"[" + deep + b"]" if format_.startswith("spotify") else deep + b"\n"

    found = list(read_log(written("a-file.json", content), format=format_))

    assert [type(entry.record) for entry in found] == [DeadLetter]


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"9" * 5_000])
def test_numbers_that_are_none_are_dead_letters(written: Write, number: bytes) -> None:
    """In our lines and in foreign ones; the row beside is read."""
    ours = written("a.jsonl", PLAY.replace(b":5", b":" + number) + PLAY)
    csv = written(
        "b.csv",
        b"user,track_id,started_ms,heard_ms\nann,t1," + number + b",5\nann,t1,5," + number + b"\nann,t2,9,\n",
    )
    row = {"endTime": "2024-03-09 23:59", "artistName": "a", "trackName": "b", "msPlayed": 0}
    account = json.dumps([row, row]).encode().replace(b'"msPlayed": 0', b'"msPlayed": ' + number, 1)

    found = {path: [entry.record for entry in read_log(path)] for path in (ours, csv)}
    foreign = [e.record for e in read_log(written("c.json", account), format="spotify-account")]

    assert sorted(type(record).__name__ for record in found[ours]) == ["DeadLetter", "Play"]
    assert sorted(type(record).__name__ for record in found[csv]) == ["DeadLetter", "DeadLetter", "Play"]
    assert sum(isinstance(record, DeadLetter) for record in foreign) == 1
    assert sum(isinstance(record, Play) for record in foreign) == 1
