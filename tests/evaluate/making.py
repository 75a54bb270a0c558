"""Small logs of decisions and feedback, made by hand."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from bandits.evidence import Evidence
from bandits.rows import decision_rows
from bandits.snapshot import snapshot_of
from topics.codec import encode_line
from topics.feedback import Feedback, FeedbackSlot
from topics.scores import Decision, ScoredTrack, Scores

LAYOUT, DAY_MS = "test", 86_400_000
CONTEXT = np.ones(1, "<f4")
HALF_LIFE_MS = 60 * DAY_MS  # the settings' default


def columns_of(tracks: int) -> np.ndarray:
    """One, and a number that tells the tracks apart."""
    return np.column_stack([np.ones(tracks), np.linspace(-1, 1, tracks)]).astype("<f4")


def decision(
    name: str, slate: tuple[int, ...], propensity: tuple[float, ...], tracks: int = 3, **changed: Any
) -> Decision:
    """A decision among tracks t0, t1, … that drew these places."""
    slots = tuple(
        ScoredTrack(f"t{place}", 0.5, p, "popular") for place, p in zip(slate, propensity, strict=True)
    )
    listener = changed.pop("listener", "ann")
    scores = Scores(name, listener, 1, "now_playing", f"e{name}", "softmax", "1", slots, **changed)
    candidates = tuple(f"t{k}" for k in range(tracks))
    return Decision(
        scores, LAYOUT, CONTEXT.tobytes(), candidates, ("popular",) * tracks, columns_of(tracks).tobytes()
    )


def feedback(
    name: str, rewards: dict[int, float], *, part: int = 0, final: bool = True, **changed: Any
) -> Feedback:
    """What slots of a decision have earned."""
    slots = tuple(
        FeedbackSlot(slot, "t", b"", 0.5, reward, reward, first=True) for slot, reward in rewards.items()
    )
    fields = {"kind": "recommended", "attribution": "track"} | changed
    return Feedback(
        name, "mark", 1, policy="softmax", policy_version="1", layout=LAYOUT, context=b"",
        slots=slots, part=part, final=final, **fields,
    )  # fmt: skip


def written(folder: Path, decisions: list[Decision], feedbacks: list[Feedback]) -> tuple[str, str]:
    """Both files' paths."""
    paths = folder / "decisions.jsonl", folder / "feedback.jsonl"
    paths[0].write_bytes(b"".join(map(encode_line, decisions)))
    paths[1].write_bytes(b"".join(map(encode_line, feedbacks)))
    return str(paths[0]), str(paths[1])


def snapshot(path: Path, slope: float, layout: str = LAYOUT) -> str:
    """A snapshot that expects ``slope`` more of every next step of `columns_of`'s number."""
    evidence = Evidence(layout, ("one",), ("one", "number"), HALF_LIFE_MS)
    number = np.tile([-1.0, 1.0], 500)
    columns = np.column_stack([np.ones(1_000), number]).astype(np.float32)
    reward = 0.5 + slope * number
    evidence.fold(decision_rows(1, CONTEXT, columns, reward))
    record = snapshot_of(evidence, policy="softmax", shard=0, version=1, settings="", feedback_offset=-1)
    path.write_bytes(encode_line(record))
    return str(path)


def dsjson(**changed: Any) -> dict[str, Any]:
    """One line of VW's log: two actions, the second shown."""
    return {
        "_label_cost": -0.5, "_label_probability": 0.8, "_label_Action": 2, "_labelIndex": 1,
        "Timestamp": "2024-01-01T00:00:00Z", "EventId": "e1", "a": [2, 1], "p": [0.8, 0.2],
        "c": {"User": {"age": 0.3, "land": "se"}, "_multi": [{"Song": {"id": "x"}}, {"Song": {"id": "y"}}]},
    } | changed  # fmt: skip


def dsjson_file(path: Path, lines: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


def open_bandit_file(path: Path, rows: list[str]) -> str:
    """Three items."""
    affinities = ",".join(f"user-item_affinity_{k}" for k in range(3))
    header = f"timestamp,item_id,position,click,propensity_score,{affinities}"
    path.write_text("\n".join([header, *rows]) + "\n")
    return str(path)
