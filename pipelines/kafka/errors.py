"""Errors: what a user of Kafka can mend, said with the way out."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka import errors as streaming
from kafka import errors as blocking

from pipelines.kafka.failed import KafkaAway, KafkaFailed
from pipelines.live_settings import Kafka

AUTHORIZATION = (
    blocking.TopicAuthorizationFailedError,
    blocking.GroupAuthorizationFailedError,
    blocking.ClusterAuthorizationFailedError,
    blocking.TransactionalIdAuthorizationFailedError,
    streaming.TopicAuthorizationFailedError,
    streaming.GroupAuthorizationFailedError,
    streaming.ClusterAuthorizationFailedError,
    streaming.TransactionalIdAuthorizationFailed,
)
AUTHENTICATION = (
    blocking.SaslAuthenticationFailedError,
    streaming.AuthenticationFailedError,
    streaming.SaslAuthenticationFailed,
    streaming.UnsupportedSaslMechanismError,
)


@contextmanager
def explained(settings: Kafka) -> Iterator[None]:
    """Turn the clients' errors into `KafkaFailed`, in words for whoever runs this; no secret is in them."""
    try:
        yield
    except AUTHORIZATION as error:
        raise KafkaFailed(
            f"Kafka at {settings.bootstrap} does not allow {_who(settings)} this: {_short(error)}; "
            "docs/operations.md lists the rights that each command needs"
        ) from error
    except AUTHENTICATION as error:
        raise KafkaFailed(
            f"Kafka at {settings.bootstrap} does not know {_who(settings)} by {settings.sasl} "
            f"({_short(error)}); check kafka.username and SEGUE_KAFKA__PASSWORD"
        ) from error
    except (blocking.KafkaError, streaming.KafkaError, OSError, TimeoutError) as error:
        raise KafkaAway(
            f"Kafka at {settings.bootstrap} ({settings.security}) cannot be used: {_short(error)}; is it up, "
            f"and are kafka.bootstrap, kafka.security{_secrets(settings)} right (SEGUE_KAFKA__BOOTSTRAP)?"
        ) from error


def _who(settings: Kafka) -> str:
    return settings.username or "this client"


def _secrets(settings: Kafka) -> str:
    """Return what else may be wrong: kafka-python takes a refused login for a broker that is away."""
    return f", kafka.username ({settings.username}) and its password" if settings.username else ""


def _short(error: BaseException) -> str:
    """Return an error's kind and what it says, on one line, without the request that it may quote."""
    said = " ".join(str(error).split()).partition(" Request '")[0]
    return f"{type(error).__name__}: {said[:200]}" if said else type(error).__name__
