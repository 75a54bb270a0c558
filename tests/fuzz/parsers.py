"""Parsers: everything that reads bytes somebody else may have written, with bytes that it can read."""

import io
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bandits.drift import DriftWatch
from bandits.examples import Examples
from bandits.snapshot import evidence_of
from pipelines.collect import collect, recent_row_of, rows_of
from pipelines.evaluate.open_bandit import OpenBanditLog
from pipelines.evaluate.ours import OurLog
from pipelines.evaluate.question import WrongLog
from pipelines.evaluate.vw_dsjson import VwLog
from pipelines.export import exported
from pipelines.importers import CATALOGUES, IMPORTERS, ImportFailed
from pipelines.importers.archive import sources_of
from pipelines.importers.source import Source
from pipelines.kafka.letters import headers_of, letter_of
from pipelines.learn import Learner
from pipelines.listener import store_listener
from pipelines.listeners import restored
from pipelines.serve import FOREVER_MS, fire_timers, serve
from pipelines.settings import WrongSettings, load_settings
from state.store import StoreError
from tests.fuzz import corpus
from tests.pipelines.making import play, small
from topics.codec import SCHEMAS, decode, decode_line, encode, encode_line
from topics.dead_letter import DeadLetter, Rejected


class Parser(NamedTuple):
    """``read`` takes any bytes: it returns, or raises one of ``refuses``; whatever else is a finding."""

    name: str
    corpus: Sequence[bytes]
    read: Callable[[bytes], Any]
    refuses: tuple[type[Exception], ...]
    weight: float = 1.0  # of all cases


def parsers() -> dict[str, Parser]:
    """Return all of them, by name."""
    return {parser.name: parser for parser in _all()}


def _all() -> Iterator[Parser]:
    for schema in SCHEMAS:
        records = [encode(one) for one in corpus.records()[schema]]
        yield Parser(f"record {schema}", records, partial(decode, schema=schema), (Rejected,), 2.0)
    lines = [encode_line(one) for some in corpus.records().values() for one in some]
    yield Parser("line", lines, decode_line, (Rejected,), 4.0)
    yield Parser("letter headers", corpus.letters(), _letter, (Rejected,), 2.0)
    for name, importer in {
        **IMPORTERS,
        **{f"catalogue {name}": one for name, one in CATALOGUES.items()},
    }.items():
        yield Parser(f"import {name}", corpus.files()[name], _importing(importer), (ImportFailed,), 1.5)
    yield Parser("gzip", corpus.gzips(), _lines_of_bytes, (), 1.0)
    yield Parser("zip", corpus.zips(), _archive, (ImportFailed,), 0.5)
    yield Parser("settings", corpus.settings(), _settings, (WrongSettings,), 0.25)
    yield Parser("evidence", corpus.evidence(), _evidence, (ValueError,), 1.0)
    yield Parser("snapshot", [encode(one) for one in corpus.snapshots()], _snapshot, (ValueError,), 0.5)
    yield Parser("examples", corpus.examples(), lambda data: Examples.resumed(data, 1, 2), (ValueError,), 0.5)
    yield Parser(
        "drift watch", corpus.drift(), lambda data: DriftWatch.resumed(data, (1, 2)), (ValueError,), 0.5
    )
    yield Parser("stored listener", corpus.stored_listeners(), _listener, (StoreError,), 2.0)
    yield Parser("listener in use", corpus.stored_listeners(), _served, (StoreError, Exception), 0.25)
    yield Parser(
        "track events", [encode(one) for one in corpus.records()["track-events.v1"]], _events, (Rejected,)
    )
    yield Parser("event rows", corpus.event_rows(), _rows, (Rejected,))
    yield Parser(
        "recent play", [encode(one) for one in corpus.records()["recent-play.v1"]], _recent, (Rejected,)
    )
    yield Parser(
        "feedback", [encode(one) for one in corpus.records()["feedback.v1"]], _learned, (ValueError,), 0.5
    )
    yield Parser("decisions", corpus.decision_logs(), _judged, (WrongLog, ImportFailed), 0.25)
    yield Parser("vw dsjson", corpus.vw_logs(), _judged_vw, (WrongLog, ImportFailed), 0.25)
    yield Parser("open bandit", corpus.bandit_logs(), _judged_bandit, (WrongLog, ImportFailed), 0.25)


def _letter(data: bytes) -> Any:
    """Each line a header's value, in the order in which they are sent."""
    names = [name for name, _ in headers_of(DeadLetter("late", "", "s", 1, b""), "play.v1", is_null=False)]
    return letter_of(None, data, list(zip(names, data.split(b"\n"), strict=False)))


def _importing(importer: Any) -> Callable[[bytes], None]:
    def read(data: bytes) -> None:
        importer.knows("a-file", data[:65_536])
        for _ in importer.read([Source("a-file", lambda: io.BytesIO(data))], {}):
            pass

    return read


def _lines_of_bytes(data: bytes) -> None:
    for _ in Source("a-file", lambda: io.BytesIO(data)).lines():
        pass


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="segue-fuzz-"))


def _file(data: bytes, name: str) -> str:
    path = _folder() / name
    path.write_bytes(data)
    return str(path)


def _archive(data: bytes) -> None:
    for source in sources_of(_file(data, "export.zip")):
        source.head()
        for _ in source.lines():
            pass


def _settings(data: bytes) -> None:
    load_settings(Path(_file(data, "segue.toml")))


def _evidence(data: bytes) -> None:
    """Bytes that are packed as they should be hold wrong numbers, others are packed wrong."""
    packed = data[1:] if data.startswith(corpus.PACKED) else zlib.compress(data[1:], 1)
    evidence_of(corpus.with_evidence(packed), corpus.HALF_LIFE_MS)


def _snapshot(data: bytes) -> None:
    evidence_of(decode(data, "policy-snapshot.v1"), corpus.HALF_LIFE_MS)


NAMES = [f"t{k}" for k in range(256)]


def _handle(name: str) -> int:
    return sum(name.encode()) % 256


def _listener(data: bytes) -> None:
    store_listener(restored(data, "ann", _handle), NAMES)


@cache
def _served_world() -> Any:
    return corpus.listening()


def _served(data: bytes) -> None:
    """What a step makes of it may fail, as one record's failure does; it may not take the process along."""
    world = _served_world()
    state = restored(data, "ann", lambda name: world.views.table.handle(f"t{_handle(name) % 12}"))
    exported("ann", state, world.views.table.names)
    serve(state, play("new", "t1", 100_000, 20), world.views, world.settings)
    fire_timers(state, "ann", FOREVER_MS, world.views, world.settings)


@cache
def _table() -> Any:
    return corpus.listening().views.table


class _FewNames:
    """A table that grows no further, so that memory tells of the parser alone."""

    def handle(self, name: str) -> int:
        return _handle(name) % 12


def _events(data: bytes) -> None:
    collect(_table(), rows_of(decode(data, "track-events.v1"), _FewNames()).view(np.uint8))  # type: ignore[arg-type]


def _rows(data: bytes) -> None:
    found = corpus.records()["track-events.v1"][0]
    collect(_table(), rows_of(type(found)(found.tracks, data), _FewNames()).view(np.uint8))  # type: ignore[arg-type]


def _recent(data: bytes) -> None:
    mark, *_ = recent_row_of(decode(data, "recent-play.v1"), _FewNames())  # type: ignore[arg-type]
    np.uint64(mark)


@cache
def _learner() -> Learner:
    return Learner(small())


def _learned(data: bytes) -> None:
    learner = _learner()
    learner.learn(decode(data, "feedback.v1"))
    _ = learner.evidence


def _opinion(question: Any) -> Any:
    return np.ones((1, 3, len(question.slate)))


def _judged(data: bytes) -> None:
    first, _, second = data.partition(corpus.KIND_MARK)
    log = OurLog(_file(first, "decisions.jsonl"), _file(second, "feedback.jsonl"), 3, 7)
    for _ in log.closed(_opinion):
        pass


def _judged_vw(data: bytes) -> None:
    for _ in VwLog(_file(data, "vw.json")).closed(_opinion):
        pass


def _judged_bandit(data: bytes) -> None:
    for _ in OpenBanditLog(_file(data, "bandit.csv")).closed(_opinion):
        pass
