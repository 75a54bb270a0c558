"""Watch: whoever looks on while a replay runs; the report's chronicle does."""

from collections.abc import Mapping
from typing import Protocol

from pipelines.serve import Transition
from topics.play import Play


class Watch(Protocol):
    """Is told what happens, in order; what it does changes no score."""

    def ranked(self, play: Play, ranks: Mapping[str, int | None], *, counted: bool) -> None:
        """Note where each ranking had a play's track, from 0, None: not listed; before the play is learned.

        ``counted`` says whether it is part of the summary's quality.
        """

    def emitted(self, done: Transition) -> None:
        """Note what a record or a timer led to."""

    def took(self, seconds: float) -> None:
        """Note how long a record took, from read to learned."""
