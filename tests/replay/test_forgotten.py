"""A replay's state directory after an erasure: no file of it knows the listener's name."""

from pathlib import Path

import pytest

from pipelines.replay.driver import Replay
from pipelines.replay.options import Options
from pipelines.settings import load_settings
from tests.state.test_rocks_purge import files_with
from topics.codec import encode_line
from topics.erasure import Erasure
from topics.play import Play

pytestmark = pytest.mark.compiled

WHO = "zoe-whom-it-concerns"
START_MS, MINUTE_MS = 1_735_689_600_000, 60_000


def plays(listener: str, first: int, count: int) -> list[bytes]:
    """Plays a minute apart."""
    return [
        encode_line(Play(f"{listener} {k}", listener, f"t{k % 9}", START_MS + k * MINUTE_MS, 50_000))
        for k in range(first, first + count)
    ]


def replayed(log: Path, folder: Path) -> None:
    """Replay a log, all of it or what is new, with a state directory."""
    Replay(
        Options(str(log), state=folder / "state", feedback=folder / "feedback.jsonl"), load_settings()
    ).run()


def test_no_file_of_a_state_directory_knows_who_was_erased(tmp_path: Path) -> None:
    """Erased by a later run than stored them; going on, or replaying all anew, brings nobody back."""
    before = [line for pair in zip(plays(WHO, 0, 60), plays("bob", 0, 60), strict=True) for line in pair]
    erasure, after = [encode_line(Erasure(WHO, START_MS + 61 * MINUTE_MS))], plays("bob", 62, 20)
    log = tmp_path / "log.jsonl"

    log.write_bytes(b"".join(before))
    replayed(log, tmp_path)
    known = files_with(tmp_path / "state", WHO.encode())
    log.write_bytes(b"".join(before + erasure))
    replayed(log, tmp_path)
    erased = files_with(tmp_path / "state", WHO.encode())
    log.write_bytes(b"".join(before + erasure + after))
    replayed(log, tmp_path)
    gone_on = files_with(tmp_path / "state", WHO.encode())
    (tmp_path / "anew").mkdir()
    replayed(log, tmp_path / "anew")
    anew = files_with(tmp_path / "anew" / "state", WHO.encode())

    assert known != []
    assert (erased, gone_on, anew) == ([], [], [])
    assert files_with(tmp_path / "state", b"bob") != []
    assert WHO.encode() not in (tmp_path / "feedback.jsonl").read_bytes()
