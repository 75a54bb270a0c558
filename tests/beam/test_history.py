"""What a batch over history leaves is what a replay of the same log leaves, decisions aside."""

import base64
import gzip
import json
from pathlib import Path

import pytest

from tests.beam.making import assert_same_facts, history_of, listeners_in, replayed, views_in
from tests.replay.logs import messy, ordered_csv

pytestmark = pytest.mark.compiled


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A messy log, once whole and once in three files, with the state that a replay and a history leave."""
    folder = tmp_path_factory.mktemp("history")
    lines = list(messy(900, seed=31, received=True))
    (folder / "log.jsonl").write_bytes(b"".join(lines))
    cuts = [0, 350, 351, len(lines)]
    for k in range(3):
        (folder / f"shard{k}.jsonl.gz").write_bytes(gzip.compress(b"".join(lines[cuts[k] : cuts[k + 1]])))
    replayed(folder / "log.jsonl", folder / "replay", dead_letters=folder / "replay-letters")
    shards = sorted(folder.glob("shard*"))
    counts = history_of(shards, folder, dead_letters=folder / "history-letters")
    (folder / "counts.json").write_text(json.dumps(counts))
    return folder


def test_listeners_are_those_of_a_replay_byte_for_byte(folder: Path) -> None:
    """With late, double, poisoned, erased and timed-out ones among them, across files."""
    expected = listeners_in(folder / "replay")

    assert len(expected) > 20
    assert listeners_in(folder / "history") == expected


def test_track_facts_are_those_of_a_replay(folder: Path) -> None:
    """Counts to 1e-9; lists of followers, which a table rounds at every step, to 1e-4."""
    ours, theirs = views_in(folder / "history"), views_in(folder / "replay")

    compared = assert_same_facts(ours, theirs)

    assert compared > 100
    popular, fresh = theirs.table.ranked()
    heard = {name for name in fresh if ours.table.tracks[ours.table.handle(name)]["known"]}
    assert ours.table.ranked() == (popular, [name for name in fresh if name in heard])
    assert len(heard) > 100  # the others were only shown, in answers that history does not give


def test_dead_letters_are_those_of_a_replay_but_with_their_file_and_line(folder: Path) -> None:
    """The same bytes for the same reasons."""
    ours, theirs = (
        [json.loads(line) for line in (folder / name).read_bytes().splitlines()]
        for name in ("history-letters", "replay-letters")
    )
    counts = json.loads((folder / "counts.json").read_text())

    told = sorted((letter["reason"], letter["value"]) for letter in ours)

    assert {"late", "future", "invalid", "not_json"} <= {reason for reason, _ in told}
    assert told == sorted((letter["reason"], letter["value"]) for letter in theirs)
    assert sum(counts["dead_letters"].values()) == len(ours)
    lines = gzip.decompress((folder / "shard2.jsonl.gz").read_bytes()).splitlines()
    mine = [letter for letter in ours if letter["source"] == "shard2.jsonl.gz"]
    assert mine
    assert all(encoded(lines[letter["offset"] - 1]) == letter["value"] for letter in mine)


def encoded(line: bytes) -> str:
    """A line's bytes as JSON has them."""
    return base64.b64encode(line).decode()


def test_shards_of_a_table_go_by_event_time(tmp_path: Path) -> None:
    """Rows of a listener that lie crosswise in two files come in the order of their times."""
    header, *rows = ordered_csv(400, seed=5)
    (tmp_path / "log.csv").write_bytes(b"".join([header, *rows]))
    (tmp_path / "even.csv").write_bytes(b"".join([header, *rows[::2]]))
    (tmp_path / "odd.csv").write_bytes(b"".join([header, *rows[1::2]]))
    replayed(tmp_path / "log.csv", tmp_path / "replay")

    history_of([tmp_path / "even.csv", tmp_path / "odd.csv"], tmp_path)

    assert listeners_in(tmp_path / "history") == listeners_in(tmp_path / "replay")
    assert_same_facts(views_in(tmp_path / "history"), views_in(tmp_path / "replay"))


def test_a_shard_in_other_order_gives_other_listeners(folder: Path, tmp_path: Path) -> None:
    """The comparison can fail: of two files the second one now comes first."""
    shards = sorted(folder.glob("shard*"))

    history_of(shards[::-1], tmp_path)

    assert listeners_in(tmp_path / "history") != listeners_in(folder / "replay")


def test_a_torn_file_loses_only_its_tail_and_says_so(folder: Path, tmp_path: Path) -> None:
    """Of a gzip file that ends in the middle the first part counts, and one letter names the break."""
    packed = (folder / "shard2.jsonl.gz").read_bytes()
    (tmp_path / "torn.jsonl.gz").write_bytes(packed[: len(packed) // 2])

    counts = history_of([tmp_path / "torn.jsonl.gz"], tmp_path, dead_letters=tmp_path / "letters")

    letters = [json.loads(line) for line in (tmp_path / "letters").read_bytes().splitlines()]
    (told,) = [letter for letter in letters if "ends in the middle" in letter["detail"]]
    assert counts["plays"] > 50
    assert told["offset"] > 50
