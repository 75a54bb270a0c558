"""Topics: those of the registry, made and checked on a cluster."""

from typing import Any

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import TopicAuthorizationFailedError

from pipelines.kafka.clients import blocking
from pipelines.kafka.errors import explained
from pipelines.kafka.failed import KafkaFailed
from pipelines.live_settings import Kafka
from topics.registry import ROWS, Topic, topics

TOPIC_AUTHORIZATION_FAILED = 29

CHECKED = ("cleanup.policy", "message.timestamp.type", "max.message.bytes")
"""What must be so for the promises to hold; how long a topic is kept is the operator's business."""


def topics_of(settings: Kafka) -> dict[str, Topic]:
    """Return the topics of this deployment, by their name without prefix."""
    return topics(
        settings.prefix,
        listener_partitions=settings.listener_partitions,
        track_partitions=settings.track_partitions,
        shards=settings.shards,
    )


def config_of(topic: Topic, settings: Kafka) -> dict[str, str]:
    """Return what a topic is made with.

    A deployment over history keeps the producers' times on its listener-events, and the events
    themselves: by those times they would be older than any retention.
    """
    if settings.history and topic.name == f"{settings.prefix}listener-events":
        return topic.config | {"message.timestamp.type": "CreateTime", "retention.ms": "-1"}
    return topic.config


def create(settings: Kafka) -> tuple[list[str], list[str]]:
    """Make the topics that are missing; return the names of those made and of those that were there."""
    with explained(settings):
        admin = KafkaAdminClient(**blocking(settings))
        try:
            wanted = topics_of(settings)
            there = _described(admin, wanted)
            missing = {name: topic for name, topic in wanted.items() if name not in there}
            if missing:
                admin.create_topics(
                    {
                        topic.name: {
                            "num_partitions": topic.partitions,
                            "replication_factor": settings.replication,
                            "configs": config_of(topic, settings),
                        }
                        for topic in missing.values()
                    },
                    wait_for_metadata=True,
                )
        finally:
            admin.close()
    return [wanted[name].name for name in missing], [wanted[name].name for name in there]


def problems(settings: Kafka) -> list[str]:
    """Return one line for every topic that is missing or not as it must be, with the way out."""
    with explained(settings):
        admin = KafkaAdminClient(**blocking(settings))
        try:
            wanted = topics_of(settings)
            there = _described(admin, wanted)
            resources = [ConfigResource(ConfigResourceType.TOPIC, wanted[name].name) for name in there]
            configs: dict[str, dict[str, Any]] = (
                admin.describe_configs(resources, config_filter="all")["topic"] if resources else {}
            )
        finally:
            admin.close()
    found = []
    for name, topic in wanted.items():
        if name not in there:
            found.append(f"{topic.name} is missing; segue topics create makes it")
            continue
        if there[name] != topic.partitions:
            found.append(other_count(name, topic, there[name]))
        config = configs.get(topic.name, {})
        for key in CHECKED:
            expected = config_of(topic, settings)[key]
            came = str(config.get(key, {}).get("value", "not told"))
            if came != expected:
                found.append(
                    f"{topic.name} has {key}={came}, expected {expected}; kafka-configs.sh --alter "
                    f"--entity-type topics --entity-name {topic.name} --add-config {key}={expected}"
                )
    return found


def check(settings: Kafka) -> None:
    """Raise `KafkaFailed` that lists all that is wrong with the topics."""
    wrong = problems(settings)
    if wrong:
        count = f"{len(wrong)} problem{'s' if len(wrong) > 1 else ''} with the topics:"
        raise KafkaFailed("\n".join([count, *(f"  {problem}" for problem in wrong)]))


def _described(admin: KafkaAdminClient, wanted: dict[str, Topic]) -> dict[str, int]:
    """Return the number of partitions of those topics that exist."""
    by_name = {topic.name: name for name, topic in wanted.items()}
    described = admin.describe_topics(list(by_name))
    hidden = [one["name"] for one in described if one["error_code"] == TOPIC_AUTHORIZATION_FAILED]
    if hidden:
        raise TopicAuthorizationFailedError(f"Describe on {', '.join(hidden)}")
    return {
        by_name[one["name"]]: len(one["partitions"])
        for one in sorted(described, key=lambda one: list(by_name).index(one["name"]))
        if one["error_code"] == 0 and one["partitions"]
    }


def other_count(name: str, topic: Topic, came: int) -> str:
    """Return what is wrong with a topic of so many partitions, and the way out; ``name`` has no prefix."""
    setting = {"listeners": "listener_partitions", "tracks": "track_partitions", "shards": "shards"}
    which = setting.get(ROWS[name].split_by)
    if which is None:
        way_out = "this topic must have one: delete it and run segue topics create"
    else:
        way_out = (
            "states stay in the partition they were made in, so the count cannot change in place: "
            f"set kafka.{which} = {came}, or begin a deployment with another kafka.prefix and replay its log"
        )
    return f"{topic.name} has {came} partitions, expected {topic.partitions}; {way_out}"
