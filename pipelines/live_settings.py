"""What only live deployments need: how to reach Kafka, and how a worker runs. Nothing here shapes a score."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


class Kafka(BaseModel):
    """The cluster, this deployment's topics on it, and who we are there. Secrets are never printed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bootstrap: str = Field("127.0.0.1:9092", min_length=1, description="brokers, host:port, …")
    prefix: str = Field(
        "", pattern=r"^[A-Za-z0-9._-]{0,200}$", description="of all names: deployments share a cluster"
    )
    listener_partitions: int = Field(8, ge=1, le=10_000, description="of all that is keyed by listener")
    track_partitions: int = Field(4, ge=1, le=10_000, description="of all that is keyed by track")
    shards: int = Field(4, ge=1, le=1_000, description="of the policy: partitions of feedback")
    replication: int = Field(1, ge=1, le=10, description="copies of every topic; 3 in production")
    history: bool = Field(
        False, description="listener-events carry no time of arrival: event time alone decides (a backfill)"
    )
    security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="protocol of the brokers' listener"
    )
    sasl: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] = Field(
        "SCRAM-SHA-512", description="how to log in, where security says SASL"
    )
    username: str = Field("", description="for PLAIN and SCRAM")
    password: SecretStr = Field(SecretStr(""), description="for PLAIN and SCRAM")
    password_file: str = Field("", description="file that holds the password instead")
    token_file: str = Field("", description="file that holds the OAUTHBEARER token, kept fresh")
    ca_file: str = Field("", description="PEM of who signed the brokers' certificates; empty: the system's")
    certificate_file: str = Field("", description="PEM of our own certificate, where brokers ask for one")
    key_file: str = Field("", description="PEM of its key")

    @model_validator(mode="after")
    def _can_log_in(self) -> "Kafka":
        if self.security.startswith("SASL"):
            if self.sasl == "OAUTHBEARER":
                if not self.token_file:
                    raise ValueError("token_file is empty, expected the file with the token for OAUTHBEARER")
            elif not self.username or not (self.password.get_secret_value() or self.password_file):
                raise ValueError(
                    f"username and password (or password_file) are wanted for {self.sasl}; "
                    "SEGUE_KAFKA__PASSWORD keeps the password out of files"
                )
        if self.shards > self.listener_partitions:
            raise ValueError(
                f"shards is {self.shards}, expected at most {self.listener_partitions} "
                "(listener_partitions): a shard learns from whole partitions"
            )
        return self

    @property
    def secret(self) -> str:
        """The password, read from its file where it has one; raises OSError if that cannot be read."""
        if self.password_file:
            return Path(self.password_file).read_text().rstrip("\r\n")
        return self.password.get_secret_value()


class Worker(BaseModel):
    """How one worker process runs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    application: str = Field(
        "segue", pattern=r"^[A-Za-z0-9._-]{1,100}$", description="name of its groups and transactions"
    )
    instance: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._-]{0,100}$",
        description="this worker's own name; with it a worker that returns gets its partitions back at once",
    )
    state: str = Field("segue-state", min_length=1, description="directory of the local stores, a cache")
    session_ms: int = Field(
        10_000, ge=1_000, le=300_000, description="silence after which a worker counts as dead"
    )
    pause_ms: int = Field(10, ge=0, le=1_000, description="between two transactions of a partition, at least")
    transaction_ms: int = Field(
        3, ge=0, le=1_000, description="worth of one transaction: more partitions pause longer"
    )
    facts_ms: int = Field(
        5_000, ge=0, le=86_400_000, description="event time between two published facts of a track, at least"
    )
    decisions_share: float = Field(
        0.05, ge=0, le=1, description="share of listeners whose whole decisions are published, drawn by hash"
    )
    batch_ms: int = Field(250, ge=1, le=10_000, description="how long learn and collect gather")
    decoded_listeners: int = Field(20_000, ge=1, le=10_000_000, description="listeners held decoded, in all")
    cache_mb: int = Field(256, ge=8, le=1_000_000, description="of memory for all local stores together")
    web_host: str = Field("127.0.0.1", min_length=1, description="where health, metrics and listeners answer")
    web_port: int = Field(6066, ge=1, le=65_535, description="of the same")
    web_address: str = Field("", description="host:port by which other workers reach this; empty: the above")
