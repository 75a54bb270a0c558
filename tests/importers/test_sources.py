import gzip
import io
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.importers import ImportFailed, read_log, sniff
from pipelines.importers.archive import sources_of
from pipelines.importers.source import LINE_MAX, Source
from topics.codec import encode_line
from topics.dead_letter import DeadLetter
from topics.play import Play

Write = Callable[[str, bytes], str]
Zip = Callable[[Mapping[str, bytes]], str]
LOG = b"".join(encode_line(Play(f"e{n}", "ann", f"t{n % 7}", n)) for n in range(1000))
CSV = b"user_id,item_id,t_s\n" + b"".join(b"%d,%d,%d\n" % (n % 5, n % 7, n) for n in range(5000))


def records(path: str) -> list[object]:
    return [entry.record for entry in read_log(path)]


def test_gzip_is_known_by_its_bytes_not_by_its_name(written: Write) -> None:
    """Several members after each other are one file; padding between them is passed over."""
    whole = gzip.compress(LOG)
    parts = gzip.compress(LOG[:5000]) + b"\0" * 512 + gzip.compress(LOG[5000:]) + b"\0" * 9

    assert (
        records(written("a.jsonl", whole))
        == records(written("b.jsonl", LOG))
        == records(written("c.gz", parts))
    )


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("content", [LOG, CSV], ids=["jsonl", "csv"])
def test_a_gzip_that_ends_early_loses_only_its_tail(written: Write, content: bytes, share: float) -> None:
    """Every line that came through is read; a line that was cut in two is not taken for a whole one."""
    packed = gzip.compress(content)
    path = written("log.gz", packed[: int(len(packed) * share)])
    full = records(written("full", content))

    found = records(path)

    letter = found[-1]
    assert isinstance(letter, DeadLetter)
    assert letter.detail.startswith("the gzip file ends in the middle: what came before was read")
    assert found[:-1] == full[: len(found) - 1]
    assert len(found) - 1 >= (share - 0.1) * len(full) * 0.8


def test_a_gzip_with_a_broken_byte_says_so(written: Write) -> None:
    """What came before the break is read."""
    packed = bytearray(
        gzip.compress(b"".join(encode_line(Play(f"e{n * 7919 % 65537}", "ann", "t", n)) for n in range(9999)))
    )
    packed[len(packed) // 2] ^= 0xFF

    found = records(written("log.gz", bytes(packed)))

    assert isinstance(found[-1], DeadLetter)
    assert any("the packed bytes are broken" in r.detail for r in found if isinstance(r, DeadLetter))
    assert sum(isinstance(record, Play) for record in found) > 1000


def test_a_folder_is_read_in_the_order_of_its_numbers(written: Write) -> None:
    """2 stands before 10; hidden files and papers are passed over; parts may be packed."""
    half = LOG.index(b"\n", len(LOG) // 2) + 1
    written("logs/part-10.jsonl", LOG[half:])
    written("logs/.hidden.jsonl", b"{")
    written("logs/notes.pdf", b"%PDF")
    folder = Path(written("logs/part-2.jsonl", gzip.compress(LOG[:half]))).parent

    assert records(str(folder)) == records(written("whole.jsonl", LOG))


def test_a_file_that_does_not_fit_its_neighbours_is_not_passed_over_in_silence(written: Write) -> None:
    """It is one dead letter that names it."""
    written("logs/2.jsonl", b"who,what\n1,2\n")
    folder = Path(written("logs/1.jsonl", LOG)).parent

    *plays, letter = records(str(folder))

    assert len(plays) == 1000
    assert isinstance(letter, DeadLetter)
    assert letter.source == "2.jsonl"
    assert letter.detail.startswith("the file does not look like jsonl")


def test_dead_letters_of_a_zip_name_the_member(zipped: Zip) -> None:
    """``archive!member`` and the line in it."""
    found = records(zipped({"a/log.jsonl": LOG + b"{\n"}))

    letter = found[-1]
    assert isinstance(letter, DeadLetter)
    assert (letter.source, letter.offset) == ("export.zip!a/log.jsonl", 1001)


def test_a_members_path_leads_nowhere(zipped: Zip, tmp_path: Path) -> None:
    """Nothing of a zip is written to disk, whatever its members are called."""
    path = zipped({"../../evil.jsonl": LOG, "/etc/evil.jsonl": LOG})
    before = sorted(tmp_path.rglob("*"))

    found = records(path)

    assert len(found) == 2000
    assert sorted(tmp_path.rglob("*")) == before


def test_a_zip_that_was_cut_off_is_refused(zipped: Zip) -> None:
    """Its table of contents stands at its end: without it nothing can be found."""
    path = Path(zipped({"log.jsonl": LOG}))
    path.write_bytes(path.read_bytes()[:-40])

    with pytest.raises(ImportFailed, match=r"export.zip is a broken zip \(.*\); download the export again"):
        read_log(str(path))


def test_a_zip_with_a_broken_member_loses_only_its_tail(zipped: Zip) -> None:
    """One dead letter says so."""
    path = Path(zipped({"log.jsonl": LOG}))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)

    found = records(str(path))

    assert any(isinstance(record, Play) for record in found) or len(found) == 1
    assert isinstance(found[-1], DeadLetter)


def test_an_encrypted_zip_is_refused(zipped: Zip) -> None:
    """With the way out."""
    path = Path(zipped({"log.jsonl": LOG}))
    content = path.read_bytes()
    directory = content.index(b"PK\x01\x02")
    path.write_bytes(content[: directory + 8] + b"\x01" + content[directory + 9 :])

    with pytest.raises(
        ImportFailed, match=r"export.zip!log.jsonl is encrypted; unpack the zip with its password"
    ):
        read_log(str(path))


def test_an_archive_without_files_is_refused(zipped: Zip, tmp_path: Path) -> None:
    """An empty folder or zip is surely a mistake."""
    with pytest.raises(ImportFailed, match=r"export.zip holds no files, expected an export"):
        read_log(zipped({}))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImportFailed, match=r"empty holds no files, expected an export"):
        read_log(str(tmp_path / "empty"))


def test_a_path_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    """As of `open`: the caller knows what to say."""
    with pytest.raises(FileNotFoundError):
        read_log(str(tmp_path / "nothing.jsonl"))


def test_what_nobody_knows_is_refused_with_what_is_known(written: Write) -> None:
    """The error lists the formats."""
    with pytest.raises(
        ImportFailed, match=r"nothing of a known format \(it has x.txt\), expected one of jsonl \(our"
    ):
        read_log(written("x.txt", b"Lorem ipsum\n"))
    with pytest.raises(ImportFailed, match=r"format is 'cvs', expected auto or one of jsonl, spotify"):
        read_log(written("x.txt", b"Lorem ipsum\n"), format="cvs")


@pytest.mark.parametrize("packing", ["plain", "gzip", "zip"])
def test_stdin_is_read_like_a_file(zipped: Zip, packing: str) -> None:
    """Plain, packed, or a zip."""
    content = {
        "plain": LOG,
        "gzip": gzip.compress(LOG),
        "zip": Path(zipped({"log.jsonl": LOG})).read_bytes(),
    }[packing]
    program = "from pipelines.importers import read_log; print(sum(1 for _ in read_log('-')))"

    done = subprocess.run([sys.executable, "-c", program], input=content, capture_output=True, check=True)

    assert done.stdout == b"1000\n"


def test_lines_of_a_pipe_come_before_it_ends() -> None:
    """More than the first 64 KiB need not be there: what is read streams on."""
    program = (
        "from itertools import islice; from pipelines.importers import read_log\n"
        "for entry in islice(read_log('-', format='jsonl'), 900): pass\n"
        "print(entry.offset, flush=True)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(LOG + LOG)
        child.stdin.flush()

        assert child.stdout.readline() == b"899\n"

        child.kill()


def test_a_utf8_mark_is_no_part_of_the_first_line(written: Write) -> None:
    """Spreadsheets put it in front."""
    assert records(written("a.csv", b"\xef\xbb\xbf" + CSV)) == records(written("b.csv", CSV))


@given(st.lists(st.binary(max_size=20)), st.integers(min_value=1, max_value=7))
def test_lines_are_those_of_the_bytes_however_they_are_cut(lines: list[bytes], size: int) -> None:
    """Block borders mean nothing."""
    content = b"\n".join(lines)

    class Cut(Source):
        def blocks(self):  # type: ignore[no-untyped-def]  # noqa: ANN202
            for at in range(0, len(content), size):
                yield content[at : at + size]

    found = list(Cut("x", io.BytesIO).lines())

    expected = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    assert [line for _, line in found] == (expected if expected[-1] else expected[:-1])
    assert [number for number, _ in found] == list(range(1, len(found) + 1))


@pytest.mark.parametrize("length", [LINE_MAX, LINE_MAX + 1, 3 * LINE_MAX])
@pytest.mark.parametrize("end", [b"", b"\n", b"\nx"])
def test_a_line_may_have_one_mebibyte(length: int, end: bytes) -> None:
    """One byte more and it is a dead letter with the first mebibyte."""
    found = [line for _, line in Source("x", lambda: io.BytesIO(b"a" * length + end)).lines()]

    if length == LINE_MAX:
        assert found[0] == b"a" * length
    else:
        assert isinstance(found[0], DeadLetter)
        assert found[0].value == b"a" * LINE_MAX
    assert found[1:] == ([b"x"] if end == b"\nx" else [])


@given(st.binary(max_size=300))
def test_no_bytes_of_a_zip_raise_anything_but_import_failed(content: bytes) -> None:
    """A hostile table of contents is an error like any other."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("log.jsonl", LOG[:200])
    broken = bytearray(packed.getvalue())
    for at, byte in enumerate(content):
        if byte > 200:
            broken[at * 7919 % len(broken)] = byte
    try:
        from pipelines.importers.archive import _from_zip

        for source in _from_zip("x.zip", io.BytesIO(bytes(broken))):
            list(source.lines())
    except ImportFailed:
        pass


def test_a_folder_of_too_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path too high up is noticed before everything below it is opened."""
    monkeypatch.setattr("pipelines.importers.archive.FILES_MAX", 3)
    for n in range(9):
        (tmp_path / f"{n}.jsonl").write_bytes(LOG)

    with pytest.raises(ImportFailed, match=r"holds 4 files, expected at most 3; import it in parts"):
        sources_of(str(tmp_path))


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (LOG, "jsonl"),
        (b"not json\n" + LOG, "jsonl"),
        (b'[{"ts": "2020", "ms_played": 1}]', "spotify"),
        (b'[{"endTime": "2020", "msPlayed": 1}]', "spotify-account"),
        (b'{"payload": {"listens": [{"track_metadata": {}}]}}', "listenbrainz"),
        (b'{"listened_at": 1, "track_metadata": {}}\n', "listenbrainz"),
        (b"u\t2009-05-04T23:08:57Z\t\ta\t\tb\n", "lastfm"),
        (b"session_id,track_id_clean,skip_2\n", "mssd"),
        (b"session_idx,items\n", "sessions"),
        (CSV, "csv"),
        (b"t_scraped_s;station;play_uid;song;artist\n", "csv"),
        (b"", "jsonl"),
    ],
)
def test_a_format_is_known_by_its_content(written: Write, content: bytes, name: str) -> None:
    """Whatever the file is called, packed or not."""
    assert sniff(written("anything", content)) == name
    assert sniff(written("packed", gzip.compress(content))) == name
