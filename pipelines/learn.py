"""Learn: the step that folds feedback into evidence and makes versions of it."""

from typing import NamedTuple

from msgspec.structs import replace

from bandits.evidence import Evidence
from bandits.rows import rows_of, skip_rows_of
from bandits.snapshot import snapshot_of
from bandits.version import Version, make_version
from pipelines.settings import Settings
from pipelines.skips import Skips
from pipelines.views import LAYOUT, new_evidence, wants_covariance
from topics.feedback import Feedback
from topics.policy_snapshot import PolicySnapshot

SKIPS = "skips"  # the name under which skip evidence stands beside the policy's


class NewerLayout(ValueError):
    """Feedback was written by a newer version of the engine than the learner's."""


class Versions(NamedTuple):
    """What decides, and what tells skips."""

    rewards: Version
    skips: Skips


class Learner:
    """One shard of a policy: its evidence, and when the next version is due.

    The evidence belongs to the learner and changes in place (a copy per feedback would cost more than
    the step); what raises, raises before any change.
    """

    def __init__(self, settings: Settings, evidence: Evidence | None = None, version: int = 0) -> None:
        self.settings = settings
        self.evidence = evidence or new_evidence(settings)
        self.skips = new_evidence(settings)  # plays with a known verdict; the target is the skip
        self.version = version
        self.rows_since = 0  # rows folded since the newest version
        self.version_ms = self.evidence.newest_ms
        self._told: Skips | None = None  # made of the skip evidence as it is

    def learn(self, feedback: Feedback) -> bool:
        """Fold one part of a feedback; tell whether a version is due.

        A version is due after ``version_rows`` rows or ``version_ms`` of event time; sooner while little
        is known: when a quarter has been added to what the newest version knew.
        Raises `NewerLayout` for columns this learner does not know.
        """
        if feedback.layout != LAYOUT:
            raise NewerLayout(
                f"feedback {feedback.decision_id} has layout {feedback.layout}, expected {LAYOUT}: "
                "upgrade the learner before the servers"
            )
        if feedback.slots:
            organic = feedback.kind == "organic"
            rows = rows_of(feedback)
            self.evidence.fold(rows, self.settings.learning.organic_weight if organic else 1.0)
            self.rows_since += len(feedback.slots)
            verdicts = skip_rows_of(feedback, rows)
            if verdicts is not None:
                self.skips.fold(verdicts)
                self._told = None
        if self.rows_since == 0:
            return False
        rows_due = min(self.settings.learning.version_rows, max(50.0, self.evidence.rows / 4))
        waited_ms = self.evidence.newest_ms - self.version_ms
        return self.rows_since >= rows_due or waited_ms >= self.settings.learning.version_ms

    def next_version(self) -> None:
        """Count what was folded up to here as the next version; who decides makes it of a snapshot."""
        self.version += 1
        self.rows_since = 0
        self.version_ms = self.evidence.newest_ms

    def make_versions(self) -> Versions:
        """Return the next versions; they stay as they are while the evidence goes on changing."""
        self.next_version()
        name, told = str(self.version), self._told
        if told is None:
            told = skips_of([self.skips], name, self.settings)
        else:  # no verdict since: half of the work is done
            told = Skips(replace(told.version, name=name))
        self._told = told
        return Versions(rewards_of([self.evidence], name, self.settings), told)

    def snapshots(
        self, feedback_offset: int = -1, shard: int = 0, settings: str = ""
    ) -> tuple[PolicySnapshot, PolicySnapshot]:
        """Return the records from which learning rewards and skips can go on, bit for bit."""
        rewards, skips = (
            snapshot_of(
                evidence,
                policy=name,
                shard=shard,
                version=self.version,
                settings=settings,
                feedback_offset=feedback_offset,
            )
            for evidence, name in ((self.evidence, self.settings.policy.name), (self.skips, SKIPS))
        )
        return rewards, skips


def versions_of(shards: list[tuple[Evidence, Evidence]], versions: list[int], settings: Settings) -> Versions:
    """Return what all shards' evidence of rewards and of skips makes together, named after each shard."""
    name = ".".join(str(version) for version in versions)
    rewards, skips = [shard[0] for shard in shards], [shard[1] for shard in shards]
    return Versions(rewards_of(rewards, name, settings), skips_of(skips, name, settings))


def rewards_of(shards: list[Evidence], name: str, settings: Settings) -> Version:
    """Return what decides, of all shards' evidence of rewards."""
    covariance = wants_covariance(settings.policy.build())
    return make_version(shards, settings.learning.prior, name=name, want_covariance=covariance)


def skips_of(shards: list[Evidence], name: str, settings: Settings) -> Skips:
    """Return what tells skips, of all shards' evidence of verdicts."""
    return Skips(make_version(shards, settings.learning.prior, name=name, want_covariance=False))
