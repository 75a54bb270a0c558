"""The golden log is made into the same bytes on every machine, in every version."""

import json
from pathlib import Path

import pytest

from tests.golden import FOLDER, LOG, MADE, make

pytestmark = pytest.mark.compiled


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what this version makes of the golden log."""
    folder = tmp_path_factory.mktemp("made")
    make(folder)
    return folder


@pytest.mark.parametrize("name", MADE)
def test_the_golden_log_is_made_into_the_same_bytes(name: str, made: Path) -> None:
    """If the change is meant: `python -m tests.golden` renews the files, and the diff shows what changed."""
    ours, golden = (made / name).read_bytes(), (FOLDER / name).read_bytes()

    assert ours.splitlines() == golden.splitlines()
    assert ours == golden


def test_the_golden_log_holds_every_kind_of_record_and_of_dead_letter() -> None:
    """What it does not hold it cannot protect."""
    scores, feedback, letters = (
        [json.loads(line) for line in (FOLDER / name).read_bytes().splitlines()] for name in MADE
    )
    log = LOG.read_bytes()

    for schema in ("play", "request", "erasure", "track", "dead-letter"):
        assert b'"schema":"%b.v1"' % schema.encode() in log
    reasons = {letter["reason"] for letter in letters}
    assert reasons == {"not_json", "invalid", "unknown_schema", "late", "future"}
    assert {record["kind"] for record in feedback} == {"recommended", "organic", "erased"}
    assert {record["attribution"] for record in feedback} == {"decision_id", "track", "none"}
    assert any(record["reason"] for record in scores if not record["slate"])
    assert len({record["policy_version"] for record in scores}) > 3
    sources = {slot["source"] for record in scores for slot in record["slate"]}
    assert sources == {"own_followers", "covisits", "followers", "repeats", "fresh", "popular", "requested"}


def test_the_golden_files_stay_small() -> None:
    """They are read by people, and cloned by everybody."""
    assert sum(path.stat().st_size for path in FOLDER.iterdir() if path.is_file()) <= 300_000
