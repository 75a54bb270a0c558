"""Same log, same settings, same bytes: whatever the process, the store, the batch, the listeners beside."""

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from pipelines.listeners import Listeners
from pipelines.replay.driver import Replay
from pipelines.replay.engine import Engine
from pipelines.replay.options import Options
from pipelines.settings import load_settings
from tests.replay.comparing import by_listener, outputs_in, written
from tests.replay.warm import ROOT, Warm

pytestmark = pytest.mark.compiled

COMMAND = "from pipelines.cli import main; main()"


def run_as(seed: str, args: list[str]) -> None:
    """Run `segue` in a process of its own, with a hash seed."""
    env = os.environ | {"PYTHONHASHSEED": seed}
    subprocess.run([sys.executable, "-c", COMMAND, *args], env=env, cwd=ROOT, check=True, capture_output=True)


@pytest.fixture(scope="session")
def whole(segue: Warm, logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run in memory over the messy log."""
    folder = tmp_path_factory.mktemp("whole")
    ran = segue("replay", logs / "messy.jsonl", *outputs_in(folder))
    assert ran.code == 0, ran.err
    return folder


def test_two_processes_with_other_hash_seeds_write_the_same_bytes(
    whole: Path, logs: Path, tmp_path: Path
) -> None:
    """PYTHONHASHSEED orders sets and dicts of strings; nothing that is written may follow it."""
    for seed in ("0", "1"):
        run_as(seed, ["replay", str(logs / "messy.jsonl"), *outputs_in(tmp_path / seed)])

    assert written(tmp_path / "0") == written(tmp_path / "1") == written(whole)


@pytest.mark.parametrize("plays", [100, 5_000])
def test_memory_and_rocks_write_the_same_bytes_however_often_they_checkpoint(
    plays: int, whole: Path, segue: Warm, logs: Path, tmp_path: Path
) -> None:
    """The store and the size of its batches are nobody's business but the store's."""
    state = ["--state", tmp_path / "state", "--checkpoint-plays", plays]

    ran = segue("replay", logs / "messy.jsonl", *outputs_in(tmp_path / "out"), *state)

    assert ran.code == 0, ran.err
    assert written(tmp_path / "out") == written(whole)


def test_the_log_may_come_through_stdin_and_packed(
    whole: Path, segue: Warm, logs: Path, tmp_path: Path
) -> None:
    """Where the bytes come from changes nothing but what dead letters call their source."""
    piped = segue("replay", "-", *outputs_in(tmp_path / "piped"), stdin=logs / "messy.jsonl")
    table = segue("replay", logs / "table.csv", *outputs_in(tmp_path / "file"))
    piped_table = segue("replay", "-", *outputs_in(tmp_path / "table"), stdin=logs / "table.csv")

    assert (piped.code, table.code, piped_table.code) == (0, 0, 0), piped.err + table.err + piped_table.err
    named = written(tmp_path / "piped")
    named["dead-letters"] = named["dead-letters"].replace(b'"source":"stdin"', b'"source":"messy.jsonl"')
    assert named == written(whole)
    assert written(tmp_path / "table") == written(tmp_path / "file")


@pytest.mark.parametrize("log", ["received.jsonl", "table.csv"])
def test_few_decoded_listeners_are_as_good_as_many(log: str, logs: Path, tmp_path: Path) -> None:
    """States that go through their stored form between any two records come back as they were."""
    for name, decoded_max in (("many", 20_000), ("few", 3)):
        (tmp_path / name).mkdir()
        options = Options(
            str(logs / log), scores=tmp_path / name / "scores", feedback=tmp_path / name / "feedback"
        )
        replay = Replay(options, load_settings(None))
        table = replay.engine.views.table
        replay.engine.listeners = Listeners(replay.store, table.names, table.handle, decoded_max=decoded_max)
        replay.run()

    for output in ("scores", "feedback"):
        assert (tmp_path / "few" / output).read_bytes() == (tmp_path / "many" / output).read_bytes()


def shuffled(lines: list[bytes], random: Random) -> list[bytes]:
    """Return the lines with listeners mixed anew, each listener's own in their order."""
    queues: dict[str, list[bytes]] = {}
    for line in lines:
        queues.setdefault(json.loads(line)["listener_id"], []).append(line)
    order = [name for name, queue in queues.items() for _ in queue]
    random.shuffle(order)
    for queue in queues.values():
        queue.reverse()
    return [queues[name].pop() for name in order]


def test_with_pinned_views_nobody_depends_on_who_else_is_in_the_log(
    whole: Path, segue: Warm, logs: Path, tmp_path: Path
) -> None:
    """Listeners mixed anew, each one's records in their order: each one's scores and feedback are equal."""
    state = tmp_path / "state"
    assert segue("replay", logs / "received.jsonl", "--state", state).code == 0
    good = [
        line for line in (logs / "messy.jsonl").read_bytes().splitlines(keepends=True) if b"listener " in line
    ]
    (tmp_path / "one.jsonl").write_bytes(b"".join(good))
    (tmp_path / "two.jsonl").write_bytes(b"".join(shuffled(good, Random(1))))
    (tmp_path / "alone.jsonl").write_bytes(b"".join(line for line in good if b'"listener 3"' in line))

    for name in ("one", "two", "alone"):
        ran = segue("replay", tmp_path / f"{name}.jsonl", "--views", state, *outputs_in(tmp_path / name))
        assert ran.code == 0, ran.err

    one, two = written(tmp_path / "one"), written(tmp_path / "two")
    scores = by_listener(one["scores"])
    assert by_listener(two["scores"]) == scores
    assert by_listener((tmp_path / "alone" / "scores").read_bytes()) == {"listener 3": scores["listener 3"]}
    assert sorted(two["feedback"].splitlines()) == sorted(one["feedback"].splitlines())
    assert one["scores"] != (whole / "scores").read_bytes()  # they were pinned, then


def test_pinned_views_do_not_move(segue: Warm, logs: Path, tmp_path: Path) -> None:
    """A run on pinned views leaves their state directory as it was, and learns nothing of its own."""
    state = tmp_path / "state"
    assert segue("replay", logs / "received.jsonl", "--state", state).code == 0
    before = Replay(Options(str(logs / "messy.jsonl"), views=state), load_settings(None))
    version, plays = before.engine.views.version.name, before.engine.views.table.tracks["plays"].copy()

    before.run()

    assert before.engine.views.version.name == version != "0"
    assert before.engine.views.table.tracks["plays"][: len(plays)].tolist() == plays.tolist()
    after = Replay(Options(str(logs / "messy.jsonl"), views=state), load_settings(None))
    assert after.engine.views.version.name == version
    assert isinstance(after.engine, Engine)
    assert not after.engine.learning
