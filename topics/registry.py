"""Registry: every topic, as plain data; whoever creates, reads or documents topics starts here."""

import re

from msgspec import Struct

DAY_MS = 86_400_000
MIB = 1 << 20
SCHEMA_HEADER = "schema"  # the Kafka header that names a record's schema, such as play.v1
ROLLED_MS = 7 * DAY_MS  # after which Kafka begins a new file of a log, where nobody tells it otherwise
SNAPSHOTS_KEPT = 24  # versions of a policy's shard that stay for rollback
SEGMENT_BYTES = 64 * MIB
DEAD_LETTER_ROOM = 64 << 10  # beside the untouched bytes, for the headers that say why


class Topic(Struct, frozen=True):
    """One topic of one deployment.

    Kept for ``retention_ms``, or as long as a newer record with the same key does not come
    (compact) where that is None.
    """

    name: str  # as Kafka knows it, prefix included
    key: str  # the field that is the record's key, or what the key is made of
    schemas: tuple[str, ...]  # what its records may be; empty: stored values behind a version byte
    partitions: int
    retention_ms: int | None
    bytes_max: int  # of one record
    segment_bytes: int  # of one file of its log

    @property
    def compact(self) -> bool:
        """Whether only the newest record of a key stays."""
        return self.retention_ms is None

    @property
    def gone_ms(self) -> int:
        """How long after a record was written, or a key deleted, nothing of it is left, at most.

        Files go whole, when the newest record in them is old enough. Compaction runs within a day, and its
        mark of a deletion ends a day later.

        >>> topics()["scores"].gone_ms // DAY_MS, topics()["serve-changelog"].gone_ms // DAY_MS
        (14, 2)
        """
        return 2 * DAY_MS if self.retention_ms is None else self.retention_ms + ROLLED_MS

    @property
    def config(self) -> dict[str, str]:
        """What Kafka must be told when the topic is created.

        >>> topics()["scores"].config["retention.ms"], topics()["tracks"].config["cleanup.policy"]
        ('604800000', 'compact')
        """
        # The file that is written to is never compacted: at Kafka's own gigabyte, or seven days, whoever
        # restores would read every value that ever was, and what was forgotten would stay.
        kept = (
            {
                "cleanup.policy": "compact",
                "delete.retention.ms": str(DAY_MS),
                "max.compaction.lag.ms": str(DAY_MS),
                "segment.bytes": str(self.segment_bytes),
            }
            if self.retention_ms is None
            else {"cleanup.policy": "delete", "retention.ms": str(self.retention_ms)}
        )
        return kept | {"max.message.bytes": str(self.bytes_max), "message.timestamp.type": "LogAppendTime"}


class Row(Struct, frozen=True):
    """A topic before a deployment says how many partitions it has and what its prefix is."""

    key: str
    schemas: tuple[str, ...]
    split_by: str  # "listeners", "shards", "tracks", or "one" partition
    days: int | None  # None: compact
    bytes_max: int = MIB
    segment_bytes: int = SEGMENT_BYTES


ROWS: dict[str, Row] = {
    "listener-events": Row("listener_id", ("play.v1", "request.v1", "erasure.v1"), "listeners", 7),
    "tracks": Row("track_id", ("track.v1",), "tracks", None),
    "scores": Row("listener_id", ("scores.v1",), "listeners", 7),
    "decisions": Row("listener_id", ("decision.v1",), "listeners", 30),
    "feedback": Row("none: the partition is the shard", ("feedback.v1",), "shards", 30),
    "track-events": Row("none: the partition is its tracks'", ("track-events.v1",), "tracks", 1),
    "track-facts": Row("track_id", ("track-facts.v1",), "tracks", None),
    "policy-snapshots": Row(
        "policy/shard/(version mod 24)",
        ("policy-snapshot.v1",),
        "one",
        None,
        bytes_max=8 * MIB,
        segment_bytes=16 * MIB,
    ),
    "recent-plays": Row("none: the partition is the listener's", ("recent-play.v1",), "listeners", 7),
    # On Kafka the value is the untouched bytes, and the fields of dead-letter.v1 are headers.
    "dead-letters": Row(
        "the source's key", ("dead-letter.v1",), "one", 30, bytes_max=8 * MIB + DEAD_LETTER_ROOM
    ),
    # Learn has no changelog: its snapshot carries the feedback offset it reflects.
    "serve-changelog": Row("the store's key", (), "listeners", None),
    "collect-changelog": Row("the store's key", (), "tracks", None),
}
"""Name without prefix → row. ``split_by`` equal means co-partitioned: equal keys, equal partitions."""

CHANGELOGS: dict[str, str] = {"listener-events": "serve-changelog", "track-events": "collect-changelog"}
"""Input topic → the changelog of the step that reads it, written to the input's partition."""


def topics(
    prefix: str = "", *, listener_partitions: int = 8, track_partitions: int = 4, shards: int = 4
) -> dict[str, Topic]:
    """Return every topic of a deployment by its name without prefix.

    >>> topics("eu-", listener_partitions=16)["scores"].name
    'eu-scores'
    >>> topics(listener_partitions=16)["serve-changelog"].partitions
    16
    >>> topics(listener_partitions=2, shards=4)
    Traceback (most recent call last):
    ...
    ValueError: shards is 4, expected 1 to 2 (listener_partitions): a shard learns from whole partitions

    Raises ValueError for counts out of range, and for a prefix that no topic name can have.
    """
    for name, count in (("listener_partitions", listener_partitions), ("track_partitions", track_partitions)):
        if count < 1:
            raise ValueError(f"{name} is {count}, expected at least 1")
    if not 1 <= shards <= listener_partitions:
        raise ValueError(
            f"shards is {shards}, expected 1 to {listener_partitions} (listener_partitions): "
            "a shard learns from whole partitions"
        )
    if not re.fullmatch(r"[A-Za-z0-9._-]{0,200}", prefix):
        raise ValueError(
            f"prefix is {prefix[:80]!r}, expected at most 200 of ASCII letters, digits, '.', '_' and '-': "
            "Kafka takes no others"
        )
    partitions = {"listeners": listener_partitions, "tracks": track_partitions, "shards": shards, "one": 1}
    return {
        name: Topic(
            name=prefix + name,
            key=row.key,
            schemas=row.schemas,
            partitions=partitions[row.split_by],
            retention_ms=None if row.days is None else row.days * DAY_MS,
            bytes_max=row.bytes_max,
            segment_bytes=row.segment_bytes,
        )
        for name, row in ROWS.items()
    }


def snapshot_key(policy: str, shard: int, version: int) -> bytes:
    """Return the key of a policy snapshot: the version 24 later takes its place.

    >>> snapshot_key("lin_ucb", 0, 30) == snapshot_key("lin_ucb", 0, 6)
    True
    """
    return f"{policy}/{shard}/{version % SNAPSHOTS_KEPT}".encode()
