"""The golden log: every kind of record, good and bad, with what segue made of it, byte for byte.

`python -m tests.golden` renews what was made, after a change that is meant to change it; the log itself
stays. Read the difference before you commit it: it is what everybody's scores will do.
"""

from pathlib import Path

from pipelines.replay.driver import Replay
from pipelines.replay.options import Options
from pipelines.settings import load_settings

FOLDER = Path(__file__).parent
LOG = FOLDER / "log.jsonl"
SETTINGS = FOLDER / "settings.toml"
MADE = ("scores.jsonl", "feedback.jsonl", "dead_letters.jsonl")


def make(folder: Path) -> None:
    """Replay the golden log and write what it makes into a folder."""
    scores, feedback, dead_letters = (folder / name for name in MADE)
    options = Options(str(LOG), scores=scores, feedback=feedback, dead_letters=dead_letters)
    Replay(options, load_settings(SETTINGS)).run()
