"""Players: who takes part, and the few ways of playing of which each may choose its best."""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from bandits.inverse_gap import InverseGap
from bandits.lin_ucb import LinUcb
from bandits.thompson import Thompson
from tests.peers import others
from tests.peers.ours import OurArms, OurShared
from tests.peers.streams import Round, Stream


class Player(Protocol):
    """Decides, then learns what the arm it took has earned, and of no other."""

    def decide(self, asked: Round) -> int:
        """Return a place among the round's arms."""

    def learn(self, asked: Round, place: int, reward: float) -> None:
        """Hear what came of it."""


Way = tuple[str, Callable[[Stream, int], Player]]  # how it plays, in words; made for a stream and a seed


def ways_of(library: str, stream: Stream) -> list[Way]:
    """Return the ways in which a library may play a stream; none where it cannot."""
    return WAYS[library](stream)


def _ours(stream: Stream) -> list[Way]:
    policies: dict[str, Any] = {
        **{f"LinUCB, α {a:g}": LinUcb(alpha=a, floor=1e-4) for a in (0.1, 0.3, 0.5)},
        "LinUCB, α 0.6 fading by ⅓": LinUcb(alpha=0.6, floor=1e-4, fade=1 / 3),
        "inverse gap, γ 1,000": InverseGap(gamma=1_000.0, floor=1e-4),
        "Thompson, spread .1": Thompson(draws=32, spread=0.1, floor=1e-4),
    }
    form: Any = OurArms if stream.rounds[0].columns.shape[1] == 0 else OurShared
    priors = (1.2,) if form is OurArms else (1.0, 10.0)
    lives = (350, 500) if stream.drifts else (0,)
    return [
        (
            f"{name}, prior {prior:g}" + (f", half-life {life} rounds" if life else ""),
            partial(_made, form, policy=policy, prior=prior, half_life=life),
        )
        for name, policy in policies.items()
        for prior in priors
        for life in lives
    ]


def _made(kind: Any, stream: Stream, seed: int, **settings: Any) -> Player:
    player: Player = kind(stream=stream, seed=seed, **settings)
    return player


def _vw(stream: Stream) -> list[Way]:
    options = (
        "--epsilon 0.02 --cb_type dm",
        "--squarecb --gamma_scale 500 --cb_type mtr -l 2",
        "--cover 4 --cb_type mtr",
    )
    return [(option, partial(_made, others.VowpalWabbit, options=option)) for option in options]


def _disjoint(kind: Any, grid: list[dict[str, Any]]) -> Callable[[Stream], list[Way]]:
    """Libraries that keep a model for each arm and know no columns of arms."""

    def ways(stream: Stream) -> list[Way]:
        if stream.rounds[0].columns.shape[1]:
            return []
        return [(_words(settings), partial(_made, kind, **settings)) for settings in grid]

    return ways


def _words(settings: dict[str, Any]) -> str:
    return ", ".join(
        f"{value}" if name == "policy" else f"{name} {value:g}" for name, value in settings.items()
    )


def _bayesianbandits(stream: Stream) -> list[Way]:
    some = len(stream.rounds[0].arms) < stream.arms  # only Thompson sampling can be asked about some arms
    settings: dict[str, Any] = {"policy": "ThompsonSampling", "noise": 64.0}
    if not some:
        settings = {"policy": "UpperConfidenceBound", "noise": 16.0}
    if stream.drifts:
        settings["forget"] = 0.998
    return [(_words(settings), partial(_made, others.BayesianBandits, **settings))]


def _coba(stream: Stream) -> list[Way]:
    if stream.arms * len(stream.rounds[0].context) > 500 and not stream.rounds[0].columns.shape[1]:
        return []  # its one matrix has arms × context rows: 5 ms a round for the digits
    return [(f"LinUCB, alpha {a:g}", partial(_made, others.Coba, alpha=a)) for a in (0.25,)]


WAYS: dict[str, Callable[[Stream], list[Way]]] = {
    "segue": _ours,
    "vowpalwabbit": _vw,
    "mabwiser": _disjoint(others.MabWiser, [{"policy": "LinUCB", "alpha": 0.25, "l2_lambda": 1.0}]),
    "contextualbandits": _disjoint(
        others.ContextualBandits, [{"policy": "LinUCB", "alpha": 0.25, "lambda_": 1.0}]
    ),
    "river": _disjoint(others.River, [{"alpha": 1.0, "beta": 4.0}]),
    "bayesianbandits": _bayesianbandits,
    "coba": _coba,
}
