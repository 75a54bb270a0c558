"""State that an earlier version has stored is read by this one: bytes written then, and what they mean.

``python -m tests.contracts.test_stored_formats`` writes them anew, which is right for a new format only:
the old file then stays, under the number of its version.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import msgpack, to_builtins

from features.track.table import TrackTable
from pipelines.collect import collect
from pipelines.faust_worker.cache import VERSION as CACHE_VERSION
from pipelines.faust_worker.cache import Progress, progress_value
from pipelines.faust_worker.collecting import StoredFacts
from pipelines.faust_worker.web import shown
from pipelines.listener import restore_listener, store_listener
from pipelines.listener_v1 import PENDING
from pipelines.listeners import VERSION, body_of
from pipelines.views import LAYOUT
from state.envelope import seal, unseal
from tests.pipelines.making import Listening, play

FOLDER = Path(__file__).parents[1] / "golden" / "stored"


def listening() -> Listening:
    """Somebody with thirty plays, some recommended, and decisions that wait."""
    ann = Listening()
    for k in range(30):
        ann.take(play(f"e{k}", f"t{k % 7}", 200 * k, 90 if k % 3 else 15))
    return ann


def meanings(stored: dict[str, bytes]) -> dict[str, Any]:
    """What the values of a version say, in words that outlive their form."""
    table = TrackTable()
    listener = restore_listener(body_of(stored["listener"], "ann"), table.handle)
    facts = msgpack.decode(unseal(stored["facts"], CACHE_VERSION, what="facts"), type=StoredFacts)
    progress = msgpack.decode(unseal(stored["progress"], CACHE_VERSION, what="progress"), type=Progress)
    known = shown("ann", 0, listener, table.names)
    pending = known.pop("pending")
    return {
        "listener": known | {"due_ms": listener.due_ms, "requests": list(listener.requests)},
        "pending": pending,
        "facts": to_builtins(facts),
        "progress": progress.offset,
    }


def written() -> dict[str, bytes]:
    """The values as this version stores them."""
    ann = listening()
    for events in ann.take(play("last", "t1", 6_300, 90)).events:
        collect(ann.views.table, events)
    facts = StoredFacts(ann.views.table.facts(ann.views.table.handle("t1")), 5, True)
    return {
        "listener": seal(VERSION, store_listener(ann.state, ann.views.table.names)),
        "facts": seal(CACHE_VERSION, msgpack.encode(facts)),
        "progress": progress_value(41),
    }


@pytest.mark.parametrize("version", ["v1", "v2", "v3"])
def test_what_a_version_has_stored_is_read(version: str) -> None:
    """A listener, a track's facts and progress. Decisions that wait come back while columns are the same."""
    stored = {path.stem: path.read_bytes() for path in (FOLDER / version).glob("*.bin")}
    expected = json.loads((FOLDER / version / "meaning.json").read_text())

    came = json.loads(json.dumps(meanings(stored)))

    layout = expected.pop("layout")
    if layout != LAYOUT:
        expected["pending"] = []  # no learner of today could tell what their columns mean
    assert came == expected


def test_a_listener_of_version_1_is_as_version_2_would_have_stored_it() -> None:
    """The newest decision's contrasts stand beside all decisions now; nothing else has changed.

    But for how many bytes a decision takes at most, the last that is stored of it.
    """
    old, new = (
        msgpack.decode(body_of((FOLDER / version / "listener.bin").read_bytes(), "ann"))
        for version in ("v1", "v2")
    )

    assert len(old[PENDING]) == 6
    for theirs, ours in zip(old[PENDING], new[PENDING], strict=True):
        assert theirs.pop() >= ours.pop() - 1
    assert old == new


def write() -> None:
    """Write what `written` gives, and what it means."""
    stored, folder = written(), FOLDER / f"v{VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in stored.items():
        (folder / f"{name}.bin").write_bytes(value)
    meaning = meanings(stored) | {"layout": LAYOUT}
    (folder / "meaning.json").write_text(json.dumps(meaning, indent=1) + "\n")


if __name__ == "__main__":
    write()
