"""A listener's state: the kept plays and the decisions that await theirs; and its stored form."""

from collections.abc import Callable
from itertools import accumulate
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from features.listener.layout import PLAY
from features.listener.stored_plays import KEPT, OLD, pack_plays, unpack_plays
from numeric.arrays import Bytes, bytes_of
from numeric.sparse import pack_words, unpack_words
from pipelines.views import LAYOUT, PAIR_NAMES

Plays = npt.NDArray[np.void]

STATE_BYTES_MAX = 16_384  # of one listener, stored
FRAME_BYTES = 256  # of them for all but plays and pending decisions, at most
LISTED_BYTES = 2
COLUMNS_BYTES = 4 * len(PAIR_NAMES)  # of one track
DECISION_BYTES, SLOT_BYTES, CREDIT_BYTES = 96, 20, 21  # of a decision beside its texts and columns


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


class Contrasts(Struct, frozen=True, gc=False):
    """What the newest decision considered beside its slate: an organic play is told from these."""

    listed: bytes  # of each candidate the lowest `LISTED_BYTES` of its key
    tracks: tuple[str, ...]  # some of the candidates
    columns: bytes  # theirs
    weight: float  # how many candidates each stands for


class Listener(Struct, frozen=True, gc=False):
    """What is kept of one listener."""

    play_bytes: Bytes  # rows of PLAY in order of start, as kernels take them
    kept: int = 0  # newest plays that may still change
    floor_ms: int = -1  # newest start among plays that may not
    newest_ms: int = -1  # event time of the newest record
    open_ms: int = -1  # event time of the newest play if nobody knows yet that it is over
    due_ms: int = 2**62  # when the next timer is due; follows from the rest (`pipelines.timers`)
    requests: tuple[int, ...] = ()  # hashes of the newest request ids
    pending: tuple[Pending, ...] = ()
    contrasts: Contrasts | None = None  # of the newest recommended decision, while it is pending
    spent_ms: int = -1  # up to when the share of influence is spent (`pipelines.influence`)

    @property
    def plays(self) -> Plays:
        """The kept plays as rows of PLAY."""
        return self.play_bytes.view(PLAY)


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
    columns_set: bytes  # a bit for each word of all decisions' and the contrasts' columns that is not zero
    columns: bytes  # those that are not zero
    layout: str  # of these columns
    contrasts: tuple[bytes, tuple[str, ...], float] | None
    spent_ms: int


class _StoredPending(Struct, frozen=True, array_like=True):
    decision_id: str
    at_ms: int
    kind: Literal["recommended", "organic"]
    attribution: Literal["decision_id", "track", "none"]
    policy: str
    policy_version: str
    tracks: tuple[str, ...]
    propensities: tuple[float, ...]
    means: tuple[float, ...]
    context: bytes
    columns_bytes: int
    credits: tuple[tuple[int, int, float, int], ...]  # (slot, play, reward, skip)
    seen: int
    shown: int
    parts: int
    size: int


def new_listener() -> Listener:
    """Return the state of somebody never met."""
    return Listener(np.empty(0, np.uint8))


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Stored)


def store_listener(listener: Listener, names: list[str]) -> bytes:
    """Return the state as bytes; tracks are written by name, each once."""
    tracks, old, kept = pack_plays(listener.plays, listener.kept)
    pending, beside = listener.pending, listener.contrasts
    told = [decision.columns for decision in pending]
    columns = bytearray().join(told if beside is None else [*told, beside.columns])
    columns_set, words = pack_words(np.frombuffer(columns, "<u4"))
    return _encoder.encode(
        _Stored(
            tuple([names[handle] for handle in tracks.tolist()]),
            old.tobytes(),
            kept.tobytes(),
            listener.floor_ms,
            listener.newest_ms,
            listener.open_ms,
            listener.due_ms,
            listener.requests,
            tuple([_pack_pending(decision) for decision in pending]),
            columns_set.tobytes(),
            words.tobytes(),
            LAYOUT,
            None if beside is None else (beside.listed, beside.tracks, beside.weight),
            listener.spent_ms,
        )
    )


def restore_listener(value: bytes, handle: Callable[[str], int]) -> Listener:
    """Return the state that `store_listener` wrote; ``handle`` gives each track its row.

    Decisions that wait since before an upgrade that changed the columns are let go: today's learner could
    not tell what their columns mean.
    """
    stored = _decoder.decode(value)
    handles = np.array([handle(name) for name in stored.names], np.int64)
    is_ours = stored.layout == LAYOUT
    sizes = [decision.columns_bytes for decision in stored.pending] if is_ours else []
    ends = list(accumulate(sizes))
    told = ends[-1] if ends else 0
    beside = stored.contrasts if is_ours else None
    besides = 0 if beside is None else len(beside[1]) * COLUMNS_BYTES
    columns = unpack_words(
        np.frombuffer(bytearray(stored.columns_set), np.uint8),
        np.frombuffer(bytearray(stored.columns), "<u4"),
        (told + besides) // 4,
    ).tobytes()
    plays = unpack_plays(
        np.frombuffer(bytearray(stored.old), OLD), np.frombuffer(bytearray(stored.kept), KEPT), handles
    )
    return Listener(
        bytes_of(plays),
        len(stored.kept) // KEPT.itemsize,
        stored.floor_ms,
        stored.newest_ms,
        stored.open_ms,
        stored.due_ms,
        stored.requests,
        tuple(
            [
                _unpack_pending(decision, columns[end - size : end])
                for decision, size, end in zip(stored.pending if is_ours else (), sizes, ends, strict=True)
            ]
        ),
        None if beside is None else Contrasts(beside[0], beside[1], columns[told:], beside[2]),
        stored.spent_ms,
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


def size_beside(contrasts: Contrasts | None) -> int:
    """Return how many bytes contrasts take when stored, at most."""
    if contrasts is None:
        return 0
    texts = len("".join(contrasts.tracks).encode()) + len(contrasts.tracks) * SLOT_BYTES
    return DECISION_BYTES + len(contrasts.listed) + texts + len(contrasts.columns) * 33 // 32


def newest_decision(pending: tuple[Pending, ...]) -> Pending | None:
    """Return the newest decision that waits, if one does; organic plays are none."""
    for decision in reversed(pending):
        if decision.kind == "recommended":
            return decision
    return None


def _pack_pending(decision: Pending) -> _StoredPending:
    skips = decision.skips or (-1,) * len(decision.tracks)
    return _StoredPending(
        decision.decision_id,
        decision.at_ms,
        decision.kind,
        decision.attribution,
        decision.policy,
        decision.policy_version,
        decision.tracks,
        decision.propensities,
        decision.means,
        decision.context,
        len(decision.columns),
        tuple([(i, play, decision.rewards[i], skips[i]) for i, play in enumerate(decision.plays) if play]),
        decision.seen,
        decision.shown,
        decision.parts,
        decision.size,
    )


def _unpack_pending(stored: _StoredPending, columns: bytes) -> Pending:
    slots = len(stored.tracks)
    plays, rewards, skips = [0] * slots, [0.0] * slots, [-1] * slots
    for slot, play, reward, skip in stored.credits:
        plays[slot], rewards[slot], skips[slot] = play, reward, skip
    return Pending(
        stored.decision_id,
        stored.at_ms,
        stored.kind,
        stored.attribution,
        stored.policy,
        stored.policy_version,
        stored.tracks,
        stored.propensities,
        stored.means,
        stored.context,
        columns,
        tuple(plays),
        tuple(rewards),
        tuple(skips) if max(skips) >= 0 else (),
        stored.seen,
        stored.shown,
        stored.parts,
        stored.size,
    )
