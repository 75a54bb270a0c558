"""KafkaFailed: what the command line says of Kafka; here no client is imported."""


class KafkaFailed(RuntimeError):
    """Kafka cannot be used as the settings say; the message has what, where and the way out."""


class KafkaAway(KafkaFailed):
    """No broker answers; it may come back."""
