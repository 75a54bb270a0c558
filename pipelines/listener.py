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

STATE_BYTES_MAX = 16_384  # of one listener, stored
FRAME_BYTES = 256  # of them for all but plays and pending decisions, at most
DECISION_BYTES, SLOT_BYTES, CREDIT_BYTES = 96, 18, 21  # of a decision beside its texts and columns


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
    skips: tuple[int, ...] = ()  # per slot the verdict on its play, −1 unknown; empty: none known
    seen: int = 0  # slots that an earlier part has shown to the learner
    shown: int = -1  # slots that the client says were seen, −1: it did not say
    parts: int = 0
    size: int = 0  # stored bytes, at most (`size_of`, and CREDIT_BYTES for each credited play)


class Listener(Struct, frozen=True, gc=False):
    """What is kept of one listener. ``plays`` has dtype PLAY, in order of start."""

    plays: Plays
    kept: int = 0  # newest plays that may still change
    floor_ms: int = -1  # newest start among plays that may not
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
    pending: tuple["_StoredPending", ...]


class _StoredPending(Struct, frozen=True, array_like=True):
    decision_id: str
    at_ms: int
    kind: Literal["recommended", "organic"]
    attribution: Literal["decision_id", "track", "none"]
    policy: str
    policy_version: str
    tracks: tuple[str, ...]
    propensities: bytes  # float64
    means: bytes  # float64
    context: bytes
    columns_length: int
    columns_set: bytes  # a bit for each column that is not zero
    columns: bytes  # those that are not zero
    credits: tuple[tuple[int, int, float, int], ...]  # (slot, play, reward, skip)
    seen: int
    shown: int
    parts: int
    size: int


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
            tuple([_pack_pending(decision) for decision in listener.pending]),
        )
    )


def restore_listener(value: bytes, handle: Callable[[str], int]) -> Listener:
    """Return the state that `store_listener` wrote; ``handle`` gives each track its row."""
    stored = _decoder.decode(value)
    old, kept = np.frombuffer(stored.old, OLD), np.frombuffer(stored.kept, KEPT)
    plays = np.zeros(len(old) + len(kept), PLAY)
    _unpack_old(plays[: len(old)], old)
    _unpack_kept(plays[len(old) :], kept)
    plays["turn"] = np.arange(len(plays))  # equals stand in their order
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
        tuple([_unpack_pending(decision) for decision in stored.pending]),
    )


def size_of(
    tracks: tuple[str, ...], context: bytes, columns: bytes, *names: str, words: int | None = None
) -> int:
    """Return how many bytes a decision takes when stored, at most.

    ``names`` are its policy and version; ``words`` how many columns are not 0, where that is known.
    """
    if words is None:
        words = int(np.count_nonzero(np.frombuffer(columns, "<u4")))
    texts = len("".join((*tracks, *names)).encode())
    columns_bytes = 4 * words + len(columns) // 32 + 1
    return DECISION_BYTES + len(tracks) * SLOT_BYTES + texts + len(context) + columns_bytes


def _pack_pending(decision: Pending) -> _StoredPending:
    words = np.frombuffer(decision.columns, "<u4")
    return _StoredPending(
        decision.decision_id,
        decision.at_ms,
        decision.kind,
        decision.attribution,
        decision.policy,
        decision.policy_version,
        decision.tracks,
        np.array(decision.propensities, "<f8").tobytes(),
        np.array(decision.means, "<f8").tobytes(),
        decision.context,
        len(words),
        np.packbits(words != 0).tobytes(),
        words[words != 0].tobytes(),
        tuple(
            [
                (i, play, decision.rewards[i], decision.skips[i] if decision.skips else -1)
                for i, play in enumerate(decision.plays)
                if play
            ]
        ),
        decision.seen,
        decision.shown,
        decision.parts,
        decision.size,
    )


def _unpack_pending(stored: _StoredPending) -> Pending:
    words = np.zeros(stored.columns_length, "<u4")
    is_set = np.unpackbits(np.frombuffer(stored.columns_set, np.uint8), count=len(words)).astype(bool)
    words[is_set] = np.frombuffer(stored.columns, "<u4")
    slots = len(stored.tracks)
    plays, rewards, skips = [0] * slots, [0.0] * slots, [-1] * slots
    for slot, play, reward, skip in stored.credits:
        plays[slot], rewards[slot], skips[slot] = play, reward, skip
    return Pending(
        decision_id=stored.decision_id,
        at_ms=stored.at_ms,
        kind=stored.kind,
        attribution=stored.attribution,
        policy=stored.policy,
        policy_version=stored.policy_version,
        tracks=stored.tracks,
        propensities=tuple(np.frombuffer(stored.propensities, "<f8").tolist()),
        means=tuple(np.frombuffer(stored.means, "<f8").tolist()),
        context=stored.context,
        columns=words.tobytes(),
        plays=tuple(plays),
        rewards=tuple(rewards),
        skips=tuple(skips) if max(skips) >= 0 else (),
        seen=stored.seen,
        shown=stored.shown,
        parts=stored.parts,
        size=stored.size,
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
