"""Options: what one replay reads, writes, learns and counts."""

from pathlib import Path
from typing import Literal

from msgspec import Struct

from pipelines.replay.evaluation_start import EvaluationStart, evaluation_start
from pipelines.wrong_options import WrongOptions

STDIO = "-"


class Options(Struct, frozen=True):
    """One replay. Shares are of the log's plays, in [0, 1]; times are UTC milliseconds."""

    log: str
    format: str = "auto"
    columns: dict[str, str] = {}
    tracks: str | None = None  # a catalogue
    state: Path | None = None  # where to keep what a restart needs
    views: Path | None = None  # a state directory whose views do not move during the run
    warm: Path | None = None  # a state directory to begin with: listeners, facts, what was learned
    view_lag: int = 0  # plays
    scores: Path | None = None
    feedback: Path | None = None
    decisions: Path | None = None
    dead_letters: Path | None = None
    summary: Path | None = None
    evaluate_from: EvaluationStart = EvaluationStart()
    learn_until: EvaluationStart | None = None  # from there on nothing is learned or counted into facts
    openers: Literal["count", "skip"] = "count"
    ask_openers: bool = True  # ask with a request before a play that opens a session
    limit: int | None = None  # entries read
    after_ms: int | None = None  # event time; records up to it are passed over
    until_ms: int | None = None  # event time
    checkpoint_plays: int = 5_000
    baselines: bool = True

    @property
    def needs_length(self) -> bool:
        """Whether a share of the log's plays was asked for, so that they have to be counted first."""
        until = self.learn_until
        return self.evaluate_from.play is None or (until is not None and until.play is None)

    def outputs(self) -> dict[str, Path]:
        """Return the files to be written, by what they hold; the path ``-`` is stdout."""
        wanted = {
            "scores": self.scores,
            "feedback": self.feedback,
            "decisions": self.decisions,
            "dead-letters": self.dead_letters,
        }
        return {name: path for name, path in wanted.items() if path is not None}

    def check(self) -> None:
        """Raise `WrongOptions` that lists all that is wrong, before anything is read or written."""
        problems = [*self._of_inputs(), *self._of_outputs()]
        if problems:
            count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in the options:"
            raise WrongOptions("\n".join([count, *(f"  {problem}" for problem in problems)]))

    def _of_inputs(self) -> list[str]:
        problems = [
            f"{what} is {path}, expected an existing file; is the path right?"
            for what, path in (("the log", self.log), ("--tracks", self.tracks))
            if path is not None and path != STDIO and not Path(path).exists()
        ]
        problems += [
            f"{name} is {value}, expected at least {least}"
            for name, value, least in (
                ("--limit", self.limit, 1),
                ("--view-lag", self.view_lag, 0),
                ("--checkpoint-plays", self.checkpoint_plays, 1),
            )
            if value is not None and value < least
        ]
        if self.log == STDIO == self.tracks:
            problems.append("the log and --tracks are both -, expected stdin to hold one of them; save one")
        if self.log == STDIO and self.needs_length:
            problems.append(
                "a share of the plays was asked for, but stdin cannot be counted beforehand, expected a "
                "file; give a time such as 2025-01-31 instead"
            )
        if self.views is not None and not self.views.is_dir():
            problems.append(
                f"--views is {self.views}, expected a state directory; make one with "
                f"segue replay LOG --state {self.views}"
            )
        if self.warm is not None and not self.warm.is_dir():
            problems.append(
                f"--warm is {self.warm}, expected a state directory; make one with "
                f"segue beam history LOG --out {self.warm}"
            )
        if self.warm is not None and self.views is not None:
            problems.append("--warm and --views are both given, expected one place to take views from")
        if self.warm is not None and self.state is not None and _same(self.warm, self.state):
            problems.append(
                f"--warm and --state are both {self.warm}, expected two directories: what a run begins with "
                "must not move"
            )
        if self.views is not None and self.state is not None and _same(self.views, self.state):
            problems.append(
                f"--views and --state are both {self.views}, expected two directories: pinned views must not "
                "move"
            )
        return problems

    def _of_outputs(self) -> list[str]:
        problems = []
        taken = {str(Path(path).resolve()): what for what, path in self._inputs() if path != STDIO}
        summary = {} if self.summary is None else {"json": self.summary}
        for name, path in (self.outputs() | summary).items():
            place = STDIO if str(path) == STDIO else str(path.resolve())
            if place in taken:
                problems.append(f"--{name} is {path}, but that is {taken[place]}; name another file")
            taken[place] = f"--{name}"
            if place != STDIO and (path.is_dir() or not path.parent.is_dir()):
                wrong = "a directory" if path.is_dir() else "in a directory that does not exist"
                problems.append(f"--{name} is {path}, which is {wrong}, expected a file to write")
            elif self.state is None or name == "json":
                continue
            elif place == STDIO or (path.exists() and not path.is_file()):
                problems.append(
                    f"--{name} is {path}, expected a file: with --state it is cut back when a run is resumed"
                )
        return problems

    def _inputs(self) -> list[tuple[str, str]]:
        named = [
            ("the log", self.log), ("the catalogue", self.tracks),
            ("--views", self.views), ("--warm", self.warm), ("--state", self.state),
        ]  # fmt: skip
        return [(what, str(path)) for what, path in named if path is not None]


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def share_or_time(text: str, option: str) -> EvaluationStart:
    """Read an option that is a share of the plays or a time.

    >>> share_or_time("70%", "--learn-until")
    Traceback (most recent call last):
    ...
    pipelines.wrong_options.WrongOptions: --learn-until is '70%', expected a share of the plays in
    [0, 1] such as 0.7, or a time such as 2025-01-31
    """
    try:
        return evaluation_start(text)
    except ValueError as error:
        raise WrongOptions(str(error).replace("evaluate-from", option, 1)) from None


def time_ms(text: str, option: str) -> int:
    """Read an option that is a time, as UTC milliseconds.

    >>> time_ms("2025-01-31", "--until")
    1738281600000
    """
    wanted = "a time such as 2025-01-31 or 2025-01-31T18:00Z, or UTC milliseconds"
    try:
        start = evaluation_start(text)
    except ValueError:
        start = EvaluationStart()
    if start.at_ms == 0:
        raise WrongOptions(f"{option} is {text!r}, expected {wanted}")
    return start.at_ms


def openers_of(text: str) -> Literal["count", "skip"]:
    """Read ``--openers``.

    >>> openers_of("maybe")
    Traceback (most recent call last):
    ...
    pipelines.wrong_options.WrongOptions: --openers is 'maybe', expected count or skip
    """
    if text == "count":
        return "count"
    if text == "skip":
        return "skip"
    raise WrongOptions(f"--openers is {text!r}, expected count or skip")


def column_names(pairs: list[str]) -> dict[str, str]:
    """Read ``--column FIELD=NAME`` options.

    >>> column_names(["track=song", "listener=@ann"])
    {'track': 'song', 'listener': '@ann'}
    """
    wrong = [pair for pair in pairs if not pair.partition("=")[0] or not pair.partition("=")[2]]
    if wrong:
        raise WrongOptions(f"--column is {wrong[0]!r}, expected FIELD=NAME such as track=song")
    return dict(pair.split("=", 1) for pair in pairs)
