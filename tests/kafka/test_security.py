"""TLS, SCRAM and ACLs on a broker of its own: a worker runs with the rights that the docs list."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourceType,
)

from pipelines.faust_worker.machine import LocalMachine
from pipelines.faust_worker.reader import end_of
from pipelines.importers import read_log
from pipelines.kafka.clients import blocking
from pipelines.kafka.failed import KafkaFailed
from pipelines.kafka.produce import produce
from pipelines.kafka.read import read
from pipelines.kafka.topics import check, create, topics_of
from pipelines.settings import Settings, load_settings
from tests.kafka.broker import Broker, NoBroker, free_port
from tests.kafka.workers import environment, wait_idle, worker
from tests.replay.logs import messy
from tests.replay.warm import Warm

pytestmark = [pytest.mark.compiled, pytest.mark.slow]

PASSWORD = "open-sesame-42"
RIGHTS = {
    ResourceType.TOPIC: (
        ACLOperation.READ, ACLOperation.WRITE, ACLOperation.DESCRIBE, ACLOperation.DESCRIBE_CONFIGS,
    ),
    ResourceType.GROUP: (ACLOperation.READ, ACLOperation.DESCRIBE),
    ResourceType.TRANSACTIONAL_ID: (ACLOperation.WRITE, ACLOperation.DESCRIBE),
}  # fmt: skip


class Secured:
    """A broker with a listener for its administrator and one with TLS and SCRAM for the others."""

    def __init__(self, folder: Path) -> None:
        port, secured = free_port(), free_port()
        certificate(folder)
        plain = f"PLAINTEXT://127.0.0.1:{port},SASL_SSL://localhost:{secured}"
        controller = free_port()
        self.broker = Broker(
            folder / "broker",
            port,
            {
                "listeners": f"{plain.replace('localhost', '127.0.0.1')},CONTROLLER://127.0.0.1:{controller}",
                "advertised.listeners": plain,
                "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
                "listener.security.protocol.map": (
                    "PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT"
                ),
                "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN,OAUTHBEARER",
                "listener.name.sasl_ssl.plain.sasl.jaas.config": (
                    "org.apache.kafka.common.security.plain.PlainLoginModule required "
                    f'user_plain="{PASSWORD}";'
                ),
                "listener.name.sasl_ssl.oauthbearer.sasl.jaas.config": (
                    "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;"
                ),
                "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": (
                    "org.apache.kafka.common.security.scram.ScramLoginModule required;"
                ),
                "ssl.keystore.type": "PEM",
                "ssl.keystore.location": str(folder / "key-and-certificate.pem"),
                "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                "super.users": "User:ANONYMOUS",
            },
        )
        self.broker.format(
            "--add-scram", f"SCRAM-SHA-512=[name=segue,password={PASSWORD}]",
            "--add-scram", f"SCRAM-SHA-512=[name=stranger,password={PASSWORD}]",
        )  # fmt: skip
        self.broker.start()
        common = {
            "listener_partitions": 1,
            "track_partitions": 1,
            "shards": 1,
            "history": True,
            "prefix": "eu-",
        }
        self.admin = load_settings(None, kafka=common | {"bootstrap": self.broker.bootstrap})
        self._secured = common | {
            "bootstrap": f"localhost:{secured}",
            "security": "SASL_SSL",
            "ca_file": str(folder / "certificate.pem"),
            "password": PASSWORD,
        }

    def settings(self, username: str, **kafka: str) -> Settings:
        worker = {"web_port": free_port(), "state": "unused"}
        return load_settings(None, kafka=self._secured | {"username": username} | kafka, worker=worker)

    def allow(self, username: str) -> None:
        admin = KafkaAdminClient(**blocking(self.admin.kafka))
        admin.create_acls(
            [
                ACL(f"User:{username}", "*", operation, ACLPermissionType.ALLOW,
                    ResourcePattern(kind, "eu-", ACLResourcePatternType.PREFIXED))
                for kind, operations in RIGHTS.items()
                for operation in operations
            ]
        )  # fmt: skip
        admin.close()


def token(folder: Path, username: str, seconds: int) -> Path:
    """Write a file with an unsigned token for somebody, as a broker without an issuer takes it."""
    now = int(time.time())
    parts = [{"alg": "none"}, {"sub": username, "iat": now - 1, "exp": now + seconds}]
    texts = [urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    path = folder / f"{username}-{seconds}.token"
    path.write_text(f"{'.'.join(texts)}.\n")
    return path


def certificate(folder: Path) -> None:
    """A key and a certificate for localhost, signed by itself."""
    key, cert = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    (folder / "key-and-certificate.pem").write_text(key.read_text() + cert.read_text())


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("secured")
    try:
        secured = Secured(folder)
    except NoBroker as error:
        pytest.skip(str(error))
    create(secured.admin.kafka)
    yield secured
    secured.broker.stop()


def test_a_worker_runs_with_the_least_rights(secured: Secured, segue: Warm, tmp_path: Path) -> None:
    """Those that docs/operations.md lists, on names with the prefix; the password is nowhere to be seen."""
    secured.allow("segue")
    settings = secured.settings("segue")
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(line for line in messy(60, seed=4) if b'"schema"' in line))
    produce(read_log(str(log)), settings.kafka)

    with worker(settings, tmp_path, warm=segue) as process:
        wait_idle(settings, steps=("serve",))
        assert process.stop() == 0
        assert PASSWORD not in process.log

    assert len(list(read(topics_of(settings.kafka)["scores"].name, settings.kafka))) > 40


@pytest.mark.parametrize("sasl", ["PLAIN", "OAUTHBEARER"])
def test_other_ways_to_log_in_work_for_tools_and_for_the_worker(
    sasl: str, secured: Secured, tmp_path: Path
) -> None:
    """The two client libraries, through the same settings, see the same; a token comes from its file."""
    username = sasl.lower()
    secured.allow(username)
    file = {"token_file": str(token(tmp_path, username, 600))} if sasl == "OAUTHBEARER" else {}
    kafka = secured.settings(username, sasl=sasl, **file).kafka

    tracks = topics_of(kafka)["tracks"].name

    check(kafka)
    seen_by_tools = len(list(read(tracks, kafka)))
    assert asyncio.run(end_of(tracks, 0, LocalMachine(kafka))) == seen_by_tools


def test_a_token_that_has_run_out_opens_nothing(secured: Secured, tmp_path: Path) -> None:
    """The broker looks at its end, so the file has to be kept fresh."""
    file = token(tmp_path, "oauthbearer", -60)
    kafka = secured.settings("", sasl="OAUTHBEARER", token_file=str(file)).kafka

    with pytest.raises(KafkaFailed):
        check(kafka)


def test_a_stranger_is_told_which_right_is_missing(secured: Secured, segue: Warm) -> None:
    """In one message, with the page that lists the rights; the password is not in it."""
    settings = secured.settings("stranger")

    done = segue("worker", env=environment(settings))

    assert done.code == 2
    assert "does not allow stranger this: TopicAuthorizationFailedError" in done.err
    assert "docs/operations.md lists the rights" in done.err
    assert PASSWORD not in done.err + done.out


def test_a_wrong_password_is_among_what_is_asked_for(secured: Secured) -> None:
    """A refused login looks like a broker that is away."""
    right = secured.settings("segue").kafka
    wrong = type(right)(**(right.model_dump() | {"password": "wrong"}))

    with pytest.raises(KafkaFailed, match=r"kafka.username \(segue\) and its password right"):
        check(wrong)


def test_secrets_are_not_in_the_settings_page(secured: Secured, segue: Warm) -> None:
    """Nor in their representation."""
    settings = secured.settings("segue")

    done = segue("settings", env=environment(settings))

    assert PASSWORD not in done.out + repr(settings)
    assert "# password is not shown" in done.out
