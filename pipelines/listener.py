"""A listener's state: the kept plays and the decisions that await theirs; and its stored form."""

from collections.abc import Callable
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from features.listener.layout import PLAY
from features.listener.plays import SHARE_STEPS

Plays = npt.NDArray[np.void]
Indices = npt.NDArray[np.integer[Any]]

KEPT = np.dtype(
    [
        ("started_ms", "<i8"),
        ("lasted_ms", "<u4"),
        ("play", "<u8"),
        ("event", "<u8"),
        ("opened", "<u8"),
        ("share", "<f4"),
        ("track", "<u2"),
        ("flags", "u1"),
    ]
)
OLD = np.dtype(
    [("started_s", "<u4"), ("lasted_s", "<u2"), ("track", "<u2"), ("share", "u1"), ("flags", "u1")]
)
UNKNOWN_SHARE = 255


class Pending(Struct, frozen=True, gc=False):
    """A decision, or an organic play with its contrast, whose reward may still change."""

    decision_id: str
    at_ms: int
    kind: Literal["recommended", "organic"]
    attribution: Literal["decision_id", "track", "none"]
    policy: str
    policy_version: str
    tracks: tuple[str, ...]  # the slate
    propensities: tuple[float, ...]
    means: tuple[float, ...]  # linear means, for residuals
    context: bytes
    columns: bytes  # (slots, columns) float32
    plays: tuple[int, ...]  # per slot the play credited to it, 0 for none
    rewards: tuple[float, ...]
    seen: int = 0  # slots that an earlier part has shown to the learner
    shown: int = -1  # slots that the client says were seen, −1: it did not say
    parts: int = 0


class Listener(Struct, frozen=True, gc=False):
    """What is kept of one listener. ``plays`` has dtype PLAY, in order of start."""

    plays: Plays
    kept: int = 0  # newest plays that may still change
    floor_ms: int = -1  # newest event time among plays that may not
    newest_ms: int = -1  # event time of the newest record
    open_ms: int = -1  # event time of the newest play if nobody knows yet that it is over
    due_ms: int = 2**62  # when the next timer is due; follows from the rest (`pipelines.timers`)
    requests: tuple[int, ...] = ()  # hashes of the newest request ids
    pending: tuple[Pending, ...] = ()


class _Stored(Struct, frozen=True, array_like=True):
    names: tuple[str, ...]
    old: bytes
    kept: bytes
    floor_ms: int
    newest_ms: int
    open_ms: int
    due_ms: int
    requests: tuple[int, ...]
    pending: tuple[Pending, ...]


def new_listener() -> Listener:
    """Return the state of somebody never met."""
    return Listener(np.empty(0, PLAY))


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Stored)


def store_listener(listener: Listener, names: list[str]) -> bytes:
    """Return the state as bytes; tracks are written by name, each once."""
    handles, where = np.unique(listener.plays["track"], return_inverse=True)
    first_kept = len(listener.plays) - listener.kept
    return _encoder.encode(
        _Stored(
            tuple(names[handle] for handle in handles),
            _pack_old(listener.plays[:first_kept], where[:first_kept]),
            _pack_kept(listener.plays[first_kept:], where[first_kept:]),
            listener.floor_ms,
            listener.newest_ms,
            listener.open_ms,
            listener.due_ms,
            listener.requests,
            listener.pending,
        )
    )


def restore_listener(value: bytes, handle: Callable[[str], int]) -> Listener:
    """Return the state that `store_listener` wrote; ``handle`` gives each track its row."""
    stored = _decoder.decode(value)
    old, kept = np.frombuffer(stored.old, OLD), np.frombuffer(stored.kept, KEPT)
    plays = np.zeros(len(old) + len(kept), PLAY)
    _unpack_old(plays[: len(old)], old)
    _unpack_kept(plays[len(old) :], kept)
    if len(plays):
        handles = np.array([handle(name) for name in stored.names], np.int32)
        plays["track"] = handles[plays["track"]]
    return Listener(
        plays,
        len(kept),
        stored.floor_ms,
        stored.newest_ms,
        stored.open_ms,
        stored.due_ms,
        stored.requests,
        stored.pending,
    )


def _pack_kept(plays: Plays, tracks: Indices) -> bytes:
    stored = np.empty(len(plays), KEPT)
    for name in ("started_ms", "play", "event", "opened", "share"):
        stored[name] = plays[name]
    stored["lasted_ms"] = plays["at_ms"] - plays["started_ms"]
    stored["track"] = tracks
    stored["flags"] = _flags(plays)
    return stored.tobytes()


def _unpack_kept(plays: Plays, stored: Plays) -> None:
    for name in ("started_ms", "play", "event", "opened", "share", "track"):
        plays[name] = stored[name]
    plays["at_ms"] = plays["started_ms"] + stored["lasted_ms"]
    _unpack_flags(plays, stored["flags"])


def _pack_old(plays: Plays, tracks: Indices) -> bytes:
    stored = np.empty(len(plays), OLD)
    stored["started_s"] = plays["started_ms"] // 1_000
    stored["lasted_s"] = (plays["at_ms"] - plays["started_ms"]) // 1_000
    unknown = np.isnan(plays["share"])
    steps = np.where(unknown, UNKNOWN_SHARE, np.round(plays["share"] * np.float32(SHARE_STEPS)))
    stored["share"] = steps.astype(np.uint8)
    stored["track"] = tracks
    stored["flags"] = _flags(plays)
    return stored.tobytes()


def _unpack_old(plays: Plays, stored: Plays) -> None:
    plays["started_ms"] = stored["started_s"].astype(np.int64) * 1_000
    plays["at_ms"] = plays["started_ms"] + stored["lasted_s"].astype(np.int64) * 1_000
    share = stored["share"] / SHARE_STEPS
    plays["share"] = np.where(stored["share"] == UNKNOWN_SHARE, np.nan, share).astype(np.float32)
    plays["track"] = stored["track"]
    _unpack_flags(plays, stored["flags"])


def _flags(plays: Plays) -> npt.NDArray[np.uint8]:
    skipped, liked = plays["skipped"] + 1, plays["liked"] + 1  # both from −1 to 1
    packed = skipped + 3 * liked + 9 * plays["ended"] + 18 * plays["counted"]
    flags: npt.NDArray[np.uint8] = packed.astype(np.uint8)
    return flags


def _unpack_flags(plays: Plays, flags: npt.NDArray[np.uint8]) -> None:
    plays["skipped"] = (flags % 3).astype(np.int8) - 1
    plays["liked"] = (flags // 3 % 3).astype(np.int8) - 1
    plays["ended"] = flags // 9 % 2
    plays["counted"] = flags // 18
