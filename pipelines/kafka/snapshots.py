"""Snapshots: learned evidence as it travels on ``policy-snapshots``, and who goes on from it."""

import msgspec
from msgspec import Struct

from bandits.evidence import Evidence
from bandits.merge import realigned
from bandits.snapshot import evidence_of
from pipelines.failures import Halted
from pipelines.kafka.outputs import schema
from pipelines.learn import SKIPS, Learner
from pipelines.settings import DAY_MS, Settings
from pipelines.views import CONTEXT_NAMES, LAYOUT, PAIR_NAMES
from topics.ids import name_of
from topics.policy_snapshot import PolicySnapshot

SNAPSHOT = schema("policy-snapshot.v1")


class SnapshotHead(Struct, frozen=True):
    """As much of a snapshot as tells which one it is."""

    policy: str
    shard: int
    version: int
    feedback_offset: int


head_of = msgspec.json.Decoder(SnapshotHead).decode


def settings_digest(settings: Settings) -> str:
    """Return a digest of the settings that evidence depends on: the units of its numbers.

    >>> settings_digest(Settings())
    '...'
    """
    return name_of("evidence", half_life_ms(settings))


def half_life_ms(settings: Settings) -> int:
    """Return the half-life of evidence, in whole milliseconds."""
    return int(settings.learning.half_life_days * DAY_MS)


def evidence_in(snapshot: PolicySnapshot, settings: Settings) -> Evidence:
    """Return the evidence of a snapshot with today's columns; raises `Halted` for another half-life."""
    if snapshot.settings != settings_digest(settings):
        raise Halted(
            f"snapshot {snapshot.version} of {snapshot.policy}, shard {snapshot.shard}, was made with "
            f"another learning.half_life_days than {settings.learning.half_life_days:g}: set it back, or "
            "begin a deployment with another kafka.prefix"
        )
    evidence = evidence_of(snapshot, half_life_ms(settings))
    if evidence.layout != LAYOUT:  # columns came or went since: what the others learned stays
        evidence = realigned(evidence, LAYOUT, CONTEXT_NAMES, PAIR_NAMES)
    return evidence


def learner_of(newest: dict[str, PolicySnapshot], settings: Settings) -> Learner:
    """Return who goes on learning from snapshots of rewards and of skips; a new one where there are none."""
    rewards, skips = newest.get(settings.policy.name), newest.get(SKIPS)
    if rewards is None or skips is None:
        return Learner(settings)
    return Learner(settings, evidence_in(rewards, settings), evidence_in(skips, settings), rewards.version)
