"""The registry's topics on a real broker."""

import time

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from pipelines.kafka.clients import blocking
from pipelines.kafka.failed import KafkaFailed
from pipelines.kafka.topics import check, create, problems, topics_of
from pipelines.settings import load_settings
from tests.kafka.conftest import Deploy


def test_topics_are_made_once_and_are_then_as_they_must_be(deploy: Deploy) -> None:
    """A second call finds them all; other deployments on the cluster are not looked at."""
    settings = deploy().kafka

    made, there = create(settings)
    made_again, there_then = create(settings)

    assert (len(made), there) == (len(topics_of(settings)), [])
    assert (made_again, sorted(there_then)) == ([], sorted(made))
    assert problems(settings) == []


def test_a_missing_topic_is_named_with_the_command_that_makes_it(deploy: Deploy) -> None:
    """Nothing was made yet."""
    settings = deploy().kafka

    with pytest.raises(KafkaFailed, match="12 problems") as caught:
        check(settings)
    assert f"{settings.prefix}scores is missing; segue topics create makes it" in str(caught.value)


def test_another_number_of_partitions_is_refused_with_the_way_out(deploy: Deploy) -> None:
    """Listeners' states would be in partitions where nobody looks for them."""
    settings = deploy().kafka
    create(settings)

    more = settings.model_copy(update={"listener_partitions": 4})

    assert len(problems(more)) == 5
    assert problems(more)[0] == (
        f"{settings.prefix}listener-events has 2 partitions, expected 4; states stay in the partition they "
        "were made in, so the count cannot change in place: set kafka.listener_partitions = 2, or begin a "
        "deployment with another kafka.prefix and replay its log"
    )


def test_a_topic_that_forgets_its_keys_is_found(deploy: Deploy) -> None:
    """A changelog with another policy than compact would lose listeners who were silent for a week."""
    settings = deploy().kafka
    create(settings)
    name = f"{settings.prefix}serve-changelog"
    admin = KafkaAdminClient(**blocking(settings))
    admin.alter_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name, configs={"cleanup.policy": "delete"})]
    )
    admin.close()

    end = time.monotonic() + 10
    while not problems(settings) and time.monotonic() < end:
        time.sleep(0.1)  # the broker takes a moment to know it

    assert problems(settings) == [
        f"{name} has cleanup.policy=delete, expected compact; kafka-configs.sh --alter --entity-type topics "
        f"--entity-name {name} --add-config cleanup.policy=compact"
    ]


def test_a_deployment_over_history_keeps_the_producers_times(deploy: Deploy) -> None:
    """Else every timer of an old log would be due on arrival; the other topics stay as they are."""
    live, history = deploy().kafka, deploy(kafka={"history": True}).kafka
    create(history)

    assert problems(history) == []
    assert [line.split()[0] for line in problems(history.model_copy(update={"history": False}))] == [
        f"{history.prefix}listener-events"
    ]
    assert live.history is False


def test_a_broker_that_is_not_there_is_named_with_the_setting() -> None:
    """One message, without a traceback of the client."""
    settings = load_settings(None, kafka={"bootstrap": "127.0.0.1:1"}).kafka

    with pytest.raises(
        KafkaFailed, match=r"Kafka at 127.0.0.1:1 .* is it up, and are kafka.bootstrap, kafka.security right"
    ):
        create(settings)
