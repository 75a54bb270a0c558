"""Sink: outputs to Kafka; a bundle ends once the brokers have them all, a repeated one repeats them."""

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import msgspec
from apache_beam.transforms.window import GlobalWindows
from apache_beam.typehints import with_output_types

from pipelines.kafka.outputs import Output
from pipelines.kafka.read import Record
from pipelines.kafka.sender import Sender
from pipelines.settings import Settings

_pack = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(list[Record])


def unpacked_all(value: bytes) -> list[Record]:
    """Return the records that `PublishThen` has packed."""
    return _decoder.decode(value)


class Publish(beam.DoFn):  # type: ignore[misc]  # beam has no types
    """Send outputs."""

    def __init__(self, settings: Settings) -> None:
        self._kafka = settings.kafka

    def setup(self) -> None:
        """Connect."""
        self._sender = Sender(self._kafka)

    def process(self, output: Output) -> None:
        """Send one; what could not be sent is said when the bundle ends."""
        self._sender.send(output)

    def finish_bundle(self) -> Any:
        """Wait until all is with the brokers."""
        self._sender.flush()

    def teardown(self) -> None:
        """Let go of the connections."""
        self._sender.close()


@with_output_types(tuple[int, bytes])
class PublishThen(Publish):
    """Send outputs, then yield (partition, packed records) as a reader of their topic would find them."""

    def start_bundle(self) -> None:
        """Begin with nothing sent."""
        self._outputs: list[Output] = []
        self._newest: Any = None

    def process(self, output: Output, at: Any = beam.DoFn.TimestampParam) -> None:
        """Send one."""
        super().process(output)
        self._outputs.append(output)
        self._newest = at

    def finish_bundle(self) -> Iterator[Any]:
        """Wait until all is with the brokers, and tell who learns from it where it is."""
        by_partition: dict[int, list[Record]] = {}
        for output, offset in zip(self._outputs, self._sender.flush(), strict=True):
            topic, partition, key, value, headers = output
            record = Record(topic, partition, offset, 0, False, key, value, headers)
            by_partition.setdefault(partition, []).append(record)
        for partition, records in sorted(by_partition.items()):
            yield GlobalWindows.windowed_value((partition, _pack(records)), self._newest)
