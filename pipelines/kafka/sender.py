"""Sender: outputs to Kafka, of which none is lost; after a failure whoever sends again repeats some."""

from typing import Any

from kafka import KafkaProducer

from pipelines.kafka.clients import blocking
from pipelines.kafka.outputs import Output
from pipelines.live_settings import Kafka

REQUEST_BYTES = 9 << 20  # a dead letter of 8 MiB with its headers
FLUSH_S = 120


class Sender:
    """One idempotent producer; `flush` returns once everything sent is with the brokers."""

    def __init__(self, settings: Kafka) -> None:
        self._kafka = KafkaProducer(
            **blocking(settings),
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            batch_size=256 << 10,
            max_request_size=REQUEST_BYTES,
            delivery_timeout_ms=FLUSH_S * 1_000,
        )
        self._sent: list[Any] = []

    def send(self, output: Output) -> None:
        """Hand over one output; a partition's stay in order."""
        empty = output.key is None and output.value is None  # no client sends a record that is nothing at all
        self._sent.append(
            self._kafka.send(
                output.topic,
                b"" if empty else output.value,
                output.key,
                output.headers,
                partition=output.partition,
            )
        )

    def flush(self) -> list[int]:
        """Return the offsets of what was sent since the last flush, in its order; raises what went wrong."""
        sent, self._sent = self._sent, []
        self._kafka.flush(FLUSH_S)
        return [future.get(timeout=FLUSH_S).offset for future in sent]

    def close(self) -> None:
        """Let go of the connections; what was not flushed is not awaited."""
        self._kafka.close(timeout=1)
