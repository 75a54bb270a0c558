"""Export: all that a stored listener says, in words and numbers that a person can read."""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from pipelines.listener import COLUMNS_BYTES, Listener, Pending
from pipelines.views import CONTEXT_NAMES, PAIR_NAMES

VERDICTS = {-1: None, 0: False, 1: True}


def exported(listener_id: str, state: Listener, names: list[str]) -> dict[str, Any]:
    """Return every play and every decision that is kept; ``names`` gives tracks by handle.

    Times are UTC, shares and rewards in [0, 1], columns by their names; null is what is not known.

    >>> from pipelines.listener import new_listener
    >>> exported("ann", new_listener(), [])
    {'listener_id': 'ann', 'newest_record': None, 'plays': [], 'decisions': [], 'beside_the_newest': []}
    """
    plays = [
        {
            "track_id": names[int(play["track"])],
            "started": _utc(int(play["started_ms"])),
            "newest_record": _utc(int(play["at_ms"])),
            "heard_share": None if np.isnan(play["share"]) else round(float(play["share"]), 6),
            "skipped": VERDICTS[int(play["skipped"])],
            "liked": bool(play["liked"] > 0),
            "ended": bool(play["ended"]),
        }
        for play in state.plays
    ]
    return {
        "listener_id": listener_id,
        "newest_record": _utc(state.newest_ms),
        "plays": plays,
        "decisions": [_decision(pending) for pending in state.pending],
        "beside_the_newest": [] if state.contrasts is None else list(state.contrasts.tracks),
    }


def _decision(pending: Pending) -> dict[str, Any]:
    slots = [
        {
            "track_id": track,
            "propensity": propensity if pending.kind == "recommended" else None,
            "expected_reward": mean,
            "was_played": play != 0,
            "reward": reward,
            "skipped": VERDICTS[skip],
            "columns": _named(PAIR_NAMES, pending.columns[slot * COLUMNS_BYTES : (slot + 1) * COLUMNS_BYTES]),
        }
        for slot, (track, propensity, mean, play, reward, skip) in enumerate(
            zip(
                pending.tracks,
                pending.propensities,
                pending.means,
                pending.plays,
                pending.rewards,
                pending.skips or (-1,) * len(pending.tracks),
                strict=True,
            )
        )
    ]
    return {
        "decision_id": pending.decision_id,
        "at": _utc(pending.at_ms),
        "kind": pending.kind,
        "policy": pending.policy,
        "policy_version": pending.policy_version,
        "context": _named(CONTEXT_NAMES, pending.context),
        "slots": slots,
    }


def _named(names: tuple[str, ...], values: bytes) -> dict[str, float]:
    return {
        name: round(value, 6)
        for name, value in zip(names, np.frombuffer(values, "<f4").tolist(), strict=True)
        if value != 0.0
    }


def _utc(at_ms: int) -> str | None:
    if at_ms < 0:
        return None
    return datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat(timespec="milliseconds")
