"""Run: from the names on a command line to the result of an evaluation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bandits.uniform import Uniform
from bandits.version import Version
from pipelines.evaluate.evaluation import Evaluation
from pipelines.evaluate.follower import LEARNING, Follower, Learning
from pipelines.evaluate.open_bandit import NEEDED, OpenBanditLog
from pipelines.evaluate.ours import OurLog
from pipelines.evaluate.question import DecisionLog
from pipelines.evaluate.snapshots import read_version
from pipelines.evaluate.targets import Target, target_of
from pipelines.evaluate.vw_dsjson import VwLog
from pipelines.importers.archive import sources_of
from pipelines.importers.source import first_line
from pipelines.importers.table import header_of
from pipelines.settings import Settings
from pipelines.wrong_options import WrongOptions

AUTO = "auto"
FORMATS = ("segue", "open-bandit", "vw-dsjson")
SLOTS, SLOTS_MAX = 3, 50  # of a slate that are judged


def evaluate(
    decisions: str,
    policies: Sequence[str],
    settings: Settings,
    *,
    feedback: str | None = None,
    reward_model: str | None = None,
    format: str = AUTO,  # noqa: A002  the word users type
    slots: int = SLOTS,
) -> dict[str, Any]:
    """Judge policies on a log of decisions; see `pipelines.evaluate.evaluation` for the result.

    Raises `WrongOptions` for what cannot be done as asked, `WrongLog` for a bad line, and ImportFailed
    or OSError for a file that cannot be read.
    """
    targets, model = judged_by(policies, reward_model, slots, settings)
    kind = found_format(decisions) if format == AUTO else format
    follower = _follower(targets, model, kind, settings)
    log, slots = _log(kind, decisions, feedback, slots, settings.seed, follower)
    return Evaluation(targets, model, slots, follower).run(log)


def would_have(
    feedback: str,
    decisions: str,
    policy: str,
    settings: Settings,
    *,
    views: Path | None = None,
    slots: int | None = None,
) -> dict[str, Any]:
    """Judge a policy that lives through a log beside the one that ran, to say what would have happened.

    It starts from nothing and learns from the log as it goes; with ``views``, a replay's state directory,
    it decides by the version in use there and learns nothing. The reward model is what the log has taught
    so far. Returns and raises as `evaluate`.
    """
    name = policy.partition(":")[0]
    source = "" if name == "uniform" else f"@{LEARNING if views is None else views}"
    return evaluate(
        decisions, [policy + source], settings,
        feedback=feedback, reward_model=LEARNING, format="segue", slots=SLOTS if slots is None else slots,
    )  # fmt: skip


def judged_by(
    policies: Sequence[str], reward_model: str | None, slots: int, settings: Settings
) -> tuple[list[Target], Version | Learning | None]:
    """Return the policies to judge and the reward model; raises `WrongOptions` for what cannot be."""
    if not policies:
        raise WrongOptions("no --policy, expected one or more, such as uniform or inverse_gap@STATE")
    if len(set(policies)) < len(policies):
        raise WrongOptions("a --policy stands there twice, expected each once")
    if not 1 <= slots <= SLOTS_MAX:
        raise WrongOptions(f"--slots is {slots}, expected 1 to {SLOTS_MAX}")
    targets = [target_of(policy, settings) for policy in policies]
    if reward_model is None:
        return targets, None
    if reward_model == LEARNING:
        return targets, LEARNING
    return targets, read_version(reward_model, settings, Uniform())


def found_format(path: str) -> str:
    """Return which format a log has, by its first line; raises `WrongOptions` if it is none."""
    line = first_line(sources_of(path)[0].head())
    if b'"_label_probability"' in line:
        return "vw-dsjson"
    if line.startswith(b"{"):
        return "segue"
    if set(NEEDED) <= set(header_of(line)[1]):
        return "open-bandit"
    raise WrongOptions(
        f"{path} begins with {line[:80]!r}, expected decisions in one of the formats {', '.join(FORMATS)}"
    )


def _follower(
    targets: Sequence[Target], model: Version | Learning | None, kind: str, settings: Settings
) -> Follower | None:
    """Return who learns from the log for those that ask for it."""
    learning = {target.name: target.policy for target in targets if target.learning}
    wanted = bool(learning) or model == LEARNING
    if wanted and kind != "segue":
        raise WrongOptions(f"@{LEARNING} wants our own decisions and feedback, this log is {kind}")
    return Follower(settings, learning) if wanted else None


def _log(
    kind: str, decisions: str, feedback: str | None, slots: int, seed: int, follower: Follower | None
) -> tuple[DecisionLog, int]:
    """Return the log, and how many slots of a slate it can tell of."""
    if kind not in FORMATS:
        raise WrongOptions(f"--format is {kind!r}, expected {AUTO} or one of {', '.join(FORMATS)}")
    if (kind == "segue") != (feedback is not None):
        wanted = (
            "expected the feedback of the same run" if kind == "segue" else f"{kind} holds its rewards itself"
        )
        raise WrongOptions(f"--feedback is {feedback}, {wanted}")
    if kind == "open-bandit":
        return OpenBanditLog(decisions), 1
    if kind == "vw-dsjson":
        return VwLog(decisions), 1
    assert feedback is not None
    return OurLog(decisions, feedback, slots, seed, follower), slots
