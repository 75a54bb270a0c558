"""Bandit libraries of others, each as its own documentation plays it.

All see what ours sees: the same context and, where arms have columns and the library can use them, those.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from numeric.arrays import Floats
from tests.peers.streams import Round, Stream


class VowpalWabbit:
    """vowpalwabbit, cb_explore_adf: examples built without text, features of arm × context."""

    def __init__(self, stream: Stream, seed: int, options: str) -> None:
        import vowpalwabbit

        self.numbered = stream.rounds[0].columns.shape[1] == 0
        self.vw = vowpalwabbit.Workspace(
            f"--cb_explore_adf -q CP --ignore_linear C --noconstant --random_seed {seed} --quiet {options}"
        )
        self.rng = np.random.default_rng(seed)
        self.share: float = 1.0

    def text(self, asked: Round, place: int = -1, reward: float = 0.0) -> list[str]:
        shared = " ".join(f"c{i}:{value:.6g}" for i, value in enumerate(asked.context) if value)
        lines = [f"shared |C {shared}"]
        for k, arm in enumerate(asked.arms):
            label = f"0:{-reward}:{self.share} " if k == place else ""
            columns = (
                f"a{arm}"
                if self.numbered
                else " ".join(f"p{i}:{value:.6g}" for i, value in enumerate(asked.columns[k]) if value)
            )
            lines.append(f"{label}|P {columns}")
        return lines

    def decide(self, asked: Round) -> int:
        shares = np.array(self.vw.predict(self.text(asked)))
        place = int(self.rng.choice(len(shares), p=shares / shares.sum()))
        self.share = float(shares[place])
        return place

    def learn(self, asked: Round, place: int, reward: float) -> None:
        self.vw.learn(self.text(asked, place, reward))


class MabWiser:
    """mabwiser: LinUCB, LinTS or LinGreedy with a ridge for each arm."""

    def __init__(self, stream: Stream, seed: int, policy: str, **settings: float) -> None:
        from mabwiser.mab import MAB, LearningPolicy

        self.mab: Any = MAB(list(range(stream.arms)), getattr(LearningPolicy, policy)(**settings), seed=seed)
        self.known = False

    def decide(self, asked: Round) -> int:
        if not self.known:  # it cannot be asked before it was told something
            return 0
        found = self.mab.predict_expectations(asked.context[None])
        return int(np.argmax([found[arm] for arm in asked.arms]))

    def learn(self, asked: Round, place: int, reward: float) -> None:
        tell = self.mab.partial_fit if self.known else self.mab.fit
        tell([int(asked.arms[place])], [reward], asked.context[None])
        self.known = True


class ContextualBandits:
    """contextualbandits (online): LinUCB or LinTS with a ridge for each arm."""

    def __init__(self, stream: Stream, seed: int, policy: str, **settings: float) -> None:
        from contextualbandits import online

        self.model: Any = getattr(online, policy)(
            nchoices=stream.arms, fit_intercept=False, random_state=seed, njobs=1, **settings
        )
        self.known = False

    def decide(self, asked: Round) -> int:
        if not self.known:
            return 0
        scores = self.model.decision_function(asked.context[None])[0]
        return int(np.argmax(scores[asked.arms]))

    def learn(self, asked: Round, place: int, reward: float) -> None:
        arm = np.array([int(asked.arms[place])])
        self.model.partial_fit(asked.context[None], arm, np.array([reward]))
        self.known = True


class River:
    """river: LinUCBDisjoint, a Bayesian regression for each arm."""

    def __init__(self, stream: Stream, seed: int, **settings: float) -> None:
        from river.bandit import LinUCBDisjoint

        self.policy: Any = LinUCBDisjoint(seed=seed, **settings)

    def decide(self, asked: Round) -> int:
        arms = asked.arms.tolist()
        taken = self.policy.pull(arms, context=dict(enumerate(asked.context)))
        return int(arms.index(taken))

    def learn(self, asked: Round, place: int, reward: float) -> None:
        self.policy.update(int(asked.arms[place]), dict(enumerate(asked.context)), reward)


TICK = 10  # rounds after which all its arms forget as much as in so many rounds


class BayesianBandits:
    """bayesianbandits: a normal regressor for each arm, or one for all; with its stabilised forgetting."""

    def __init__(
        self,
        stream: Stream,
        seed: int,
        policy: str = "ThompsonSampling",
        prior: float = 1.0,
        noise: float = 1.0,
        forget: float = 1.0,
    ) -> None:
        import bayesianbandits as bb

        first = stream.rounds[0]
        self.shared = first.columns.shape[1] > 0
        self.some = len(first.arms) < stream.arms  # its agents cannot be asked about some arms only
        self.round = 0
        self.rule = None if forget == 1.0 else bb.StabilizedForgetting(forget)
        learners = [bb.NormalRegressor(prior, noise, random_state=seed + k) for k in range(stream.arms)]
        chosen = getattr(bb, policy)()
        if self.shared:
            arms = [bb.Arm(k, learner=None) for k in range(stream.arms)]
            crossing = bb.FunctionArmFeaturizer(crossed(len(first.context), stream.arms))
            self.agent: Any = bb.LipschitzContextualAgent(
                arms, chosen, crossing, learners[0], random_seed=seed
            )
        else:
            arms = [bb.Arm(k, learner=learner) for k, learner in enumerate(learners)]
            self.agent = bb.ContextualAgent(arms, chosen, random_seed=seed)

    def decide(self, asked: Round) -> int:
        if self.some:  # Thompson sampling by hand
            draws = [self.agent.arm(int(arm)).sample(asked.context[None], size=1) for arm in asked.arms]
            return int(np.argmax(np.ravel(draws)))
        (arm,) = self.agent.pull(question(asked))
        return int(arm)

    def learn(self, asked: Round, place: int, reward: float) -> None:
        self.agent.select_for_update(int(asked.arms[place]))
        self.agent.update(question(asked), np.array([reward]))
        self.round += 1
        if self.rule is not None and self.round % TICK == 0:
            self.agent.decay(self.rule, steps=TICK)


def question(asked: Round) -> Floats:
    """One row: the context, then all columns."""
    return np.concatenate([asked.context, asked.columns.reshape(-1)])[None]


def crossed(depth: int, arms: int) -> Callable[[Floats, Sequence[int]], Floats]:
    """Context ⊗ columns of the arms asked for, from such a row."""

    def features(X: Floats, tokens: Sequence[int]) -> Floats:  # noqa: N803  their name for it
        context, columns = X[:, :depth], X[:, depth:].reshape(len(X), arms, -1)[:, list(tokens)]
        out: Floats = np.einsum("nc,nap->ncpa", context, columns).reshape(len(X), -1, len(tokens))
        return out

    return features


class Coba:
    """coba: LinUCB over features of arm × context, one matrix for all."""

    def __init__(self, stream: Stream, seed: int, alpha: float) -> None:
        from coba.learners import LinUCBLearner

        self.numbered = stream.rounds[0].columns.shape[1] == 0
        self.arms = stream.arms
        self.learner: Any = LinUCBLearner(alpha=alpha, features=["ax"], seed=seed)
        self.share = 1.0

    def actions(self, asked: Round) -> list[list[float]]:
        rows = np.eye(self.arms)[asked.arms] if self.numbered else asked.columns
        return [row.tolist() for row in rows]

    def decide(self, asked: Round) -> int:
        actions = self.actions(asked)
        action, self.share = self.learner.predict(asked.context.tolist(), actions)[:2]
        return actions.index(list(action))

    def learn(self, asked: Round, place: int, reward: float) -> None:
        self.learner.learn(asked.context.tolist(), self.actions(asked)[place], reward, self.share)
