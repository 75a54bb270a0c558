"""Clients: the same settings for every client, whichever library it comes from."""

from pathlib import Path
from ssl import SSLContext, create_default_context
from typing import Any

from aiokafka.abc import AbstractTokenProvider as StreamingToken
from kafka.net.sasl.oauth import AbstractTokenProvider as BlockingToken

from pipelines.live_settings import Kafka

PATIENCE_MS = 10_000  # a person is waiting for an answer


class BlockingFileToken(BlockingToken):  # type: ignore[misc]  # kafka-python comes without types
    """An OAUTHBEARER token in a file that somebody else keeps fresh, for kafka-python."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def token(self) -> str:
        """Return what the file holds now."""
        return self._path.read_text().strip()


class StreamingFileToken(StreamingToken):  # type: ignore[misc]  # aiokafka comes without types
    """The same for aiokafka."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    async def token(self) -> str:
        """Return what the file holds now."""
        return self._path.read_text().strip()


def blocking(settings: Kafka) -> dict[str, Any]:
    """Return what every client of kafka-python is given: those of the tools."""
    return _options(settings, BlockingFileToken) | {"bootstrap_timeout_ms": PATIENCE_MS}


def streaming(settings: Kafka) -> dict[str, Any]:
    """Return what every client of aiokafka is given: those of the worker."""
    return _options(settings, StreamingFileToken)


def _options(settings: Kafka, token: type[BlockingFileToken] | type[StreamingFileToken]) -> dict[str, Any]:
    options: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap.split(","),
        "security_protocol": settings.security,
        "ssl_context": _tls(settings),
    }
    if not settings.security.startswith("SASL"):
        return options
    options["sasl_mechanism"] = settings.sasl
    if settings.sasl == "OAUTHBEARER":
        return options | {"sasl_oauth_token_provider": token(settings.token_file)}
    return options | {"sasl_plain_username": settings.username, "sasl_plain_password": settings.secret}


def _tls(settings: Kafka) -> SSLContext | None:
    if not settings.security.endswith("SSL"):
        return None
    context = create_default_context(cafile=settings.ca_file or None)
    if settings.certificate_file:
        context.load_cert_chain(settings.certificate_file, settings.key_file or None)
    return context
