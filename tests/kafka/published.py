"""Published: the scores of a deployment, as they compare with a replay's."""

from pipelines.kafka.letters import schema_of
from pipelines.kafka.read import read
from pipelines.kafka.topics import topics_of
from pipelines.settings import Settings
from tests.replay.comparing import by_listener
from topics.codec import decode, encode_line


def scores_on(settings: Settings) -> dict[str, list[bytes]]:
    """Return what was published, by listener, in order."""
    topic = topics_of(settings.kafka)["scores"].name
    lines = [
        encode_line(decode(record.value or b"", schema_of(record.headers)))
        for record in sorted(read(topic, settings.kafka), key=lambda r: (r.partition, r.offset))
    ]
    return by_listener(b"".join(lines))
