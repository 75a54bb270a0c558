"""Learn: the step that folds feedback into evidence and makes versions of it."""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from bandits.drift import DriftWatch
from bandits.evidence import Evidence
from bandits.river_version import keep_examples, version_for
from bandits.rows import Rows, rows_of, skip_rows_of
from bandits.snapshot import snapshot_of
from bandits.version import Version, make_version
from numeric.finite import finite_bytes
from pipelines.former_layouts import in_todays_layout
from pipelines.settings import Settings
from pipelines.skips import Skips
from pipelines.views import CONTEXT_NAMES, LAYOUT, PAIR_NAMES, new_evidence
from topics.feedback import Feedback
from topics.policy_snapshot import PolicySnapshot

SKIPS = "skips"  # the name under which skip evidence stands beside the policy's
PARTS_AT_A_TIME = 64
ROWS_DUE_MIN = 50.0
CONTEXT_BYTES, COLUMNS_BYTES = 4 * len(CONTEXT_NAMES), 4 * len(PAIR_NAMES)


class NewerLayout(ValueError):
    """Feedback was written by a newer version of the engine than the learner's."""


class Versions(NamedTuple):
    """What decides, and what tells skips."""

    rewards: Version
    skips: Skips


class Learner:
    """One shard of a policy: its evidence, and when the next version is due.

    The evidence belongs to the learner and changes in place (a copy per feedback would cost more than
    the step). Parts are checked as they come and folded some at a time, in order: that changes no bit.
    """

    def __init__(
        self,
        settings: Settings,
        evidence: Evidence | None = None,
        skips: Evidence | None = None,
        version: int = 0,
    ) -> None:
        self.settings = settings
        self.version = version
        self.rows_since = 0  # rows taken since the newest version
        self._evidence = evidence or new_evidence(settings)
        keep_examples(self._evidence, settings.policy.build())
        self._skips = skips or new_evidence(settings)  # plays with a known verdict; the target is the skip
        self._waiting: list[Feedback] = []
        self._left_out = frozenset(settings.learning.without)
        self.newest_ms = self.version_ms = self._evidence.newest_ms
        self.rows_due = self._rows_due()
        self._told: Skips | None = None  # made of the skip evidence as it is
        self._watch = self._watching()

    @property
    def evidence(self) -> Evidence:
        """All that was taken, folded; what decides is made of it."""
        self._fold()
        return self._evidence

    @property
    def skips(self) -> Evidence:
        """The same of verdicts on plays."""
        self._fold()
        return self._skips

    @property
    def drifts(self) -> int:
        """How many changes for the worse were found since the start."""
        return 0 if self._watch is None else self._watch.found

    def _watching(self) -> DriftWatch | None:
        """Return who watches for drift, as the evidence's last owner left it; None where nobody shall."""
        learning, state = self.settings.learning, self._evidence.watch
        if learning.drift == "ignore":
            return None
        if not state:
            return DriftWatch(learning.drift_delta)
        try:
            return DriftWatch.resumed(state, self._evidence.total.shape)
        except ValueError:  # of another river, or an older segue: two windows fill anew
            return DriftWatch(learning.drift_delta)

    def learn(self, feedback: Feedback) -> bool:
        """Take one part of a feedback; tell whether a version is due.

        A version is due after ``version_rows`` rows or ``version_ms`` of event time; sooner while little
        is known: when a quarter has been added to what the newest version knew.
        Raises `NewerLayout` for columns this learner does not know, ValueError for numbers that nothing can
        be learned from; what raises, raises before any change.
        """
        if feedback.layout != LAYOUT:
            found = in_todays_layout(feedback)
            if found is None:
                raise NewerLayout(
                    f"feedback {feedback.decision_id} has layout {feedback.layout}, expected {LAYOUT}: "
                    "upgrade the learner before the servers"
                )
            feedback = found
        if feedback.slots:
            if not _can_be_folded(feedback):
                new_evidence(self.settings).fold(rows_of([feedback]))  # says in its words why not
            self._waiting.append(feedback)
            self.rows_since += len(feedback.slots)
            self.newest_ms = max(self.newest_ms, feedback.at_ms)
            if self._watch is not None:  # an alarm falls right after the part that raised it
                self._fold()
                self._look(self._watch, feedback)
            elif len(self._waiting) >= PARTS_AT_A_TIME:
                self._fold()
        if self.rows_since == 0:
            return False
        waited_ms = self.newest_ms - self.version_ms
        return self.rows_since >= self.rows_due or waited_ms >= self.settings.learning.version_ms

    def erase(self, parts: Sequence[Feedback]) -> int:
        """Take away what these parts had added, as if they had never come; return how many rows that are."""
        self._fold()
        known = [found for part in parts if (found := in_todays_layout(part)) is not None]
        parts = [part for part in known if part.slots and _can_be_folded(part)]
        if parts:
            self._evidence.erase(self._kept(rows_of(parts, self.settings.learning.organic_weight)))
        verdicts = skip_rows_of(parts)
        if verdicts is not None:
            self._skips.erase(self._kept(verdicts))
            self._told = None
        return sum(len(part.slots) for part in parts)

    def _fold(self) -> None:
        if not self._waiting:
            return
        parts, self._waiting = self._waiting, []
        self._evidence.fold(self._kept(rows_of(parts, self.settings.learning.organic_weight)))
        verdicts = skip_rows_of(parts)
        if verdicts is not None:
            self._skips.fold(self._kept(verdicts))
            self._told = None

    def _kept(self, rows: Rows) -> Rows:
        """Return the rows with nothing where the settings leave something out; its weights then stay 0."""
        if self._left_out:
            for table, names in ((rows.context, CONTEXT_NAMES), (rows.columns, PAIR_NAMES)):
                table[:, [place for place, name in enumerate(names) if name in self._left_out]] = 0.0
        return rows

    def _look(self, watch: DriftWatch, feedback: Feedback) -> None:
        """Take a part's decision in for drift; what nobody recommended says nothing of the policy."""
        worse = feedback.kind == "recommended" and watch.rows(rows_of([feedback]))
        if worse and self.settings.learning.drift == "alarm":
            self._evidence.alarm(self.settings.learning.drift_factor)
            self.rows_due = self._rows_due()  # little is known now: the next version comes sooner

    def _rows_due(self) -> float:
        return min(self.settings.learning.version_rows, max(ROWS_DUE_MIN, self.evidence.rows / 4))

    def next_version(self) -> None:
        """Count what was folded up to here as the next version; who decides makes it of a snapshot."""
        self.version += 1
        self.rows_since = 0
        self.version_ms = self.newest_ms
        self.rows_due = self._rows_due()
        if self._watch is not None:
            prior = self.settings.learning.prior
            self._watch.weights = make_version([self.evidence], prior, want_covariance=False).weights

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
        if self._watch is not None:
            self._evidence.watch = self._watch.state()
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


def _can_be_folded(feedback: Feedback) -> bool:
    """Tell whether a part has the shapes of today's layout and only numbers that can be."""
    columns = [slot.columns for slot in feedback.slots]
    if set(map(len, columns)) != {COLUMNS_BYTES} or len(feedback.context) != CONTEXT_BYTES:
        return False
    for slot in feedback.slots:
        if not (0.0 <= slot.reward <= 1.0 and -1.0 <= slot.reward_change <= 1.0):
            return False
    return feedback.at_ms >= 0 and bool(finite_bytes(b"".join((feedback.context, *columns))))


def versions_of(shards: list[tuple[Evidence, Evidence]], versions: list[int], settings: Settings) -> Versions:
    """Return what all shards' evidence of rewards and of skips makes together, named after each shard."""
    name = ".".join(str(version) for version in versions)
    rewards, skips = [shard[0] for shard in shards], [shard[1] for shard in shards]
    return Versions(rewards_of(rewards, name, settings), skips_of(skips, name, settings))


def rewards_of(shards: list[Evidence], name: str, settings: Settings) -> Version:
    """Return what decides, of all shards' evidence of rewards."""
    return version_for(settings.policy.build(), shards, settings.learning.prior, name=name)


def skips_of(shards: list[Evidence], name: str, settings: Settings) -> Skips:
    """Return what tells skips, of all shards' evidence of verdicts."""
    return Skips(make_version(shards, settings.learning.prior, name=name, want_covariance=False))
