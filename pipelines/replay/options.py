"""Options: what one replay reads, writes, learns and counts."""

from pathlib import Path
from typing import Literal

from msgspec import Struct

from pipelines.replay.evaluation_start import EvaluationStart
from topics.ids import name_of


class Options(Struct, frozen=True):
    """One replay. Shares are of the log's plays, in [0, 1]; times are UTC milliseconds."""

    log: str
    format: str = "auto"
    columns: dict[str, str] = {}
    tracks: str | None = None  # a catalogue
    state: Path | None = None  # where to keep what a restart needs
    views: Path | None = None  # a state directory whose views do not move during the run
    view_lag: int = 0  # plays
    scores: Path | None = None
    feedback: Path | None = None
    decisions: Path | None = None
    dead_letters: Path | None = None
    evaluate_from: EvaluationStart = EvaluationStart()
    learn_until: EvaluationStart | None = None  # from there on nothing is learned or counted into facts
    openers: Literal["count", "skip"] = "count"
    limit: int | None = None  # entries read
    until_ms: int | None = None  # event time
    checkpoint_plays: int = 5_000
    baselines: bool = True

    def digest(self, settings_json: str) -> str:
        """Name the run: only one with the same log, settings and options may go on from its checkpoint."""
        return name_of(
            settings_json, str(Path(self.log).resolve()), self.format, str(sorted(self.columns.items())),
            str(self.tracks), str(self.views), self.view_lag, str(self.evaluate_from), str(self.learn_until), self.openers,
            self.baselines,
        )  # fmt: skip

    @property
    def needs_length(self) -> bool:
        """Whether a share of the log's plays was asked for, so that they have to be counted first."""
        until = self.learn_until
        return self.evaluate_from.play is None or (until is not None and until.play is None)

    def outputs(self) -> dict[str, Path]:
        """Return the files to be written, by what they hold."""
        wanted = {
            "scores": self.scores,
            "feedback": self.feedback,
            "decisions": self.decisions,
            "dead-letters": self.dead_letters,
        }
        return {name: path for name, path in wanted.items() if path is not None}
