"""Snapshots: what was learned at some moment, named on the command line, never to move."""

from collections.abc import Iterator
from pathlib import Path

from bandits.evidence import Evidence
from bandits.policy import Policy
from bandits.river_version import version_for
from bandits.snapshot import evidence_of
from bandits.version import Version
from pipelines.importers.archive import sources_of
from pipelines.settings import DAY_MS, Settings
from pipelines.state_directory import evidence_in_use
from pipelines.versions import kept_version
from pipelines.wrong_options import WrongOptions
from state.rocks import open_store
from topics.codec import decode_line
from topics.dead_letter import DeadLetter, Rejected
from topics.policy_snapshot import PolicySnapshot


def read_version(path: str, settings: Settings, policy: Policy) -> Version:
    """Return the version that a snapshot makes for a policy.

    ``path`` is a replay's state directory, of which the version in use is taken (``STATE#VERSION``: a kept
    one), or a file with one `policy-snapshot.v1` line for each shard. Raises `WrongOptions` for others.
    """
    name, shards = _shards(path, settings)
    try:
        return version_for(policy, shards, settings.learning.prior, name=name)
    except ValueError as error:
        raise WrongOptions(f"the snapshot {path}: {error}") from None


def _shards(path: str, settings: Settings) -> tuple[str, list[Evidence]]:
    state, _, number = path.rpartition("#")
    if state and number.isdecimal() and Path(state).is_dir():
        kept = kept_version(Path(state), int(number)).rewards
        return number, [evidence_of(kept, int(settings.learning.half_life_days * DAY_MS))]
    if not Path(path).exists():
        raise WrongOptions(
            f"the snapshot is {path}, expected a replay's state directory (segue replay LOG --state {path}) "
            "or a file of policy-snapshot.v1 lines"
        )
    if Path(path).is_dir():
        store = open_store(Path(path))
        try:
            found = evidence_in_use(store, settings)
        finally:
            store.close()
        if found is None:
            raise WrongOptions(f"the snapshot is {path}, which holds no version yet; replay more of its log")
        version, evidence = found
        return str(version), [evidence]
    snapshots = [snapshot for source in sources_of(path) for snapshot in _lines(source.name, source.lines())]
    if not snapshots:
        raise WrongOptions(f"the snapshot {path} is empty, expected policy-snapshot.v1 lines")
    half_life_ms = int(settings.learning.half_life_days * DAY_MS)
    try:
        shards = [evidence_of(snapshot, half_life_ms) for snapshot in snapshots]
    except ValueError as error:
        raise WrongOptions(f"the snapshot {path}: {error}") from None
    return ".".join(str(snapshot.version) for snapshot in snapshots), shards


def _lines(name: str, lines: Iterator[tuple[int, bytes | DeadLetter]]) -> Iterator[PolicySnapshot]:
    for number, line in lines:
        if isinstance(line, DeadLetter):
            raise WrongOptions(f"{name}, line {number}: {line.detail}")
        try:
            record, _ = decode_line(line)
        except Rejected as rejected:
            raise WrongOptions(f"{name}, line {number}: {rejected.detail}") from None
        if not isinstance(record, PolicySnapshot):
            raise WrongOptions(
                f"{name}, line {number} is a {type(record).__name__}, expected a PolicySnapshot"
            )
        yield record
