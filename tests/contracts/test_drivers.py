"""What every engine promises: with pinned views, each listener's scores are those of the plain fold.

To add an engine, add a row to `ENGINES`: how it writes the scores of a log of play and request lines,
on the views in a state directory, without asking on its own.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.listener import Listener
from pipelines.pinned import pinned_views
from pipelines.replay.driver import Replay
from pipelines.replay.options import Options
from pipelines.serve import serve
from pipelines.settings import load_settings
from tests.replay.comparing import by_listener
from tests.replay.logs import messy
from topics.codec import decode_line, encode_line
from topics.dead_letter import Rejected
from topics.erasure import Erasure
from topics.play import Play
from topics.request import Request

pytestmark = pytest.mark.compiled

SETTINGS = load_settings(None)


def by_replay(log: Path, views: Path, scores: Path) -> None:
    """In this process, in log order."""
    Replay(Options(str(log), views=views, scores=scores, ask_openers=False), SETTINGS).run()


def by_resumed_replay(log: Path, views: Path, scores: Path) -> None:
    """The same, in five parts, each from the state of the one before."""
    for limit in (100, 200, 300, 400, None):
        options = Options(
            str(log),
            views=views,
            scores=scores,
            ask_openers=False,
            limit=limit,
            state=scores.parent / "state",
        )
        Replay(options, SETTINGS).run()


ENGINES: dict[str, Callable[[Path, Path, Path], None]] = {
    "replay": by_replay,
    "replay, resumed": by_resumed_replay,
}


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a log, and the state of a run over another log, whose views are pinned."""
    folder = tmp_path_factory.mktemp("drivers")
    (folder / "learned.jsonl").write_bytes(b"".join(messy(400, seed=21)))
    Replay(Options(str(folder / "learned.jsonl"), state=folder / "views"), SETTINGS).run()
    records = [line for line in messy(600, seed=22, received=True) if b'"listener ' in line]
    (folder / "log.jsonl").write_bytes(b"".join(records))
    return folder


@pytest.fixture(scope="session")
def expected(folder: Path) -> dict[str, list[bytes]]:
    """Each listener's scores by the fold that every driver is said to be."""
    views, _ = pinned_views(folder / "views", SETTINGS)
    listeners: dict[str, Listener | None] = {}
    emitted: list[bytes] = []
    for line in (folder / "log.jsonl").read_bytes().splitlines():
        record, received_ms = decode_line(line)
        if isinstance(record, Erasure):
            listeners.pop(record.listener_id, None)
        if not isinstance(record, Play | Request):
            continue
        try:
            done = serve(listeners.get(record.listener_id), record, views, SETTINGS, received_ms)
        except Rejected:
            continue
        listeners[record.listener_id] = done.state
        if done.decided is not None:
            emitted.append(encode_line(done.decided.scores))
    return by_listener(b"".join(emitted))


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_gives_each_listener_the_scores_of_the_plain_fold(
    engine: str, folder: Path, expected: dict[str, list[bytes]], tmp_path: Path
) -> None:
    """Byte for byte, in order; only how listeners are interleaved is the engine's own."""
    ENGINES[engine](folder / "log.jsonl", folder / "views", tmp_path / "scores")

    scores = by_listener((tmp_path / "scores").read_bytes())
    assert sum(map(len, expected.values())) > 300
    assert scores == expected
