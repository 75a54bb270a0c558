"""The registry of topics."""

import pytest

from topics.codec import SCHEMAS
from topics.registry import CHANGELOGS, ROWS, SNAPSHOTS_KEPT, snapshot_key, topics


def test_every_record_has_exactly_one_topic() -> None:
    """Each schema is listed once, and each listed schema is known to the codec."""
    listed = [schema for row in ROWS.values() for schema in row.schemas]

    assert sorted(listed) == sorted(SCHEMAS)


def test_retention_and_compaction_are_those_of_the_design() -> None:
    """Days kept, None for compacted."""
    days = {name: topic.retention_ms and topic.retention_ms // 86_400_000 for name, topic in topics().items()}

    assert days == {
        "listener-events": 7,
        "tracks": None,
        "scores": 7,
        "decisions": 30,
        "feedback": 30,
        "track-events": 1,
        "track-facts": None,
        "policy-snapshots": None,
        "recent-plays": 7,
        "dead-letters": 30,
        "serve-changelog": None,
        "collect-changelog": None,
    }


def test_compacted_topics_tell_kafka_so_and_the_others_how_long() -> None:
    """One setting or the other, never both."""
    for topic in topics().values():
        assert topic.config["cleanup.policy"] == ("compact" if topic.compact else "delete")
        assert ("retention.ms" in topic.config) != topic.compact
        assert topic.config["message.timestamp.type"] == "LogAppendTime"


def test_what_a_compacted_topic_no_longer_says_is_gone_within_days() -> None:
    """Its newest file is closed in time: Kafka compacts only those that nobody writes to."""
    for topic in topics().values():
        if topic.compact:
            assert int(topic.config["max.compaction.lag.ms"]) <= 86_400_000
            assert topic.bytes_max <= int(topic.config["segment.bytes"]) <= 64 << 20


def test_a_changelog_has_the_partitions_of_its_input() -> None:
    """Progress and state are written to the partition they come from."""
    found = topics(listener_partitions=12, track_partitions=5, shards=3)

    for source, changelog in CHANGELOGS.items():
        assert found[changelog].partitions == found[source].partitions
    assert found["feedback"].partitions == 3
    assert found["decisions"].partitions == found["scores"].partitions == 12


def test_a_dead_letter_has_room_for_the_largest_record_and_its_reason() -> None:
    """Whatever could not be used fits, with 64 KiB of headers beside it."""
    found = topics()
    largest = max(topic.bytes_max for name, topic in found.items() if name != "dead-letters")

    assert found["dead-letters"].bytes_max == largest + 64 * 1024
    assert found["policy-snapshots"].bytes_max == 8 * 1024 * 1024


def test_a_prefix_stands_in_front_of_every_name_and_keeps_two_deployments_apart() -> None:
    """Two prefixes share no topic."""
    europe, asia = topics("eu-"), topics("asia.")

    assert all(topic.name == f"eu-{name}" for name, topic in europe.items())
    assert not {topic.name for topic in europe.values()} & {topic.name for topic in asia.values()}


@pytest.mark.parametrize("prefix", ["a b", "é", "a/", "x" * 201])
def test_a_prefix_that_kafka_would_refuse_is_refused_here(prefix: str) -> None:
    """The message says what came and what may stand in a name."""
    with pytest.raises(ValueError, match=r"^prefix is .*, expected at most 200 of ASCII letters"):
        topics(prefix)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"listener_partitions": 0}, "listener_partitions is 0, expected at least 1"),
        ({"track_partitions": -1}, "track_partitions is -1, expected at least 1"),
        (
            {"shards": 0},
            "shards is 0, expected 1 to 8 (listener_partitions): a shard learns from whole partitions",
        ),
        (
            {"shards": 9},
            "shards is 9, expected 1 to 8 (listener_partitions): a shard learns from whole partitions",
        ),
    ],
)
def test_counts_out_of_range_are_refused(counts: dict[str, int], message: str) -> None:
    """The message says which count, what came and the range."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole message is compared)
        topics("", **counts)

    assert str(caught.value) == message


def test_the_last_24_versions_of_a_shard_have_keys_of_their_own() -> None:
    """Compaction keeps 24 versions for rollback; the 25th replaces the oldest."""
    keys = {snapshot_key("lin_ucb", 3, version) for version in range(100)}

    assert len(keys) == SNAPSHOTS_KEPT == 24
    assert snapshot_key("lin_ucb", 3, 24) == snapshot_key("lin_ucb", 3, 0) == b"lin_ucb/3/0"
