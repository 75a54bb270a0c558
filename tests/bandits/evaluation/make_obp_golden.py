"""Make obp_golden.json: what the Open Bandit Pipeline (obp 0.5.7) says of one made-up log.

Run in an environment of its own, because obp 0.5.7 declares Python below 3.11 and imports torch, which
its estimators do not need:

    python -m venv obp && obp/bin/pip install numpy scipy scikit-learn pandas tqdm matplotlib pyyaml seaborn
    obp/bin/pip install --no-deps --ignore-requires-python obp==0.5.7
    obp/bin/python tests/bandits/evaluation/make_obp_golden.py > tests/bandits/evaluation/obp_golden.json
"""

import importlib
import importlib.util
import json
import sys
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROUNDS, ACTIONS, SLOTS = 60, 6, 3
Arrays = dict[str, NDArray[Any]]
Answers = dict[str, float]


def estimators_of_obp() -> Any:
    """obp.ope without what it imports on the way: torch, and policies made of networks."""
    torch: Any = ModuleType("torch")
    torch.tensor = torch.Tensor = type("Tensor", (), {})
    spec = importlib.util.find_spec("obp")
    assert spec is not None, "install obp as said above"
    package: Any = ModuleType("obp")
    package.__path__ = list(spec.submodule_search_locations or ())
    sys.modules |= {"torch": torch, "obp": package}
    return importlib.import_module("obp.ope")


def first_slot(ope: Any, rng: np.random.Generator) -> tuple[Arrays, Answers]:
    """One action a round; a target policy that is often far from the logging one."""
    logged = rng.dirichlet(np.full(ACTIONS, 0.7), size=ROUNDS) * 0.9 + 0.1 / ACTIONS
    target = rng.dirichlet(np.full(ACTIONS, 0.4), size=ROUNDS)
    action = np.array([rng.choice(ACTIONS, p=row) for row in logged])
    reward, expected = rng.random(ROUNDS).round(3), rng.random((ROUNDS, ACTIONS)).round(3)
    given = {
        "reward": reward,
        "action": action,
        "pscore": logged[np.arange(ROUNDS), action],
        "action_dist": target[:, :, None],
    }
    model = {"estimated_rewards_by_reg_model": expected[:, :, None]}
    position = {"position": np.zeros(ROUNDS, int)}
    answers = {
        "ips": ope.InverseProbabilityWeighting().estimate_policy_value(**given),
        "clipped_ips": ope.InverseProbabilityWeighting(lambda_=3.0).estimate_policy_value(**given),
        "snips": ope.SelfNormalizedInverseProbabilityWeighting().estimate_policy_value(**given),
        "direct": ope.DirectMethod().estimate_policy_value(
            action_dist=given["action_dist"], **model, **position
        ),
        "dr": ope.DoublyRobust().estimate_policy_value(**given, **model),
        "sndr": ope.SelfNormalizedDoublyRobust().estimate_policy_value(**given, **model),
        "switch_dr": ope.SwitchDoublyRobust(lambda_=3.0).estimate_policy_value(**given, **model),
        "dr_os": ope.DoublyRobustWithShrinkage(lambda_=5.0).estimate_policy_value(**given, **model),
    }
    inputs = {
        "propensity": given["pscore"],
        "action": action,
        "reward": reward,
        "target": target,
        "expected": expected,
    }
    return inputs, answers


def slates(ope: Any, rng: np.random.Generator) -> tuple[Arrays, Answers]:
    """Slates of three slots, both policies drawing without return (Plackett and Luce)."""
    logged, target = rng.normal(size=(ROUNDS, ACTIONS)), rng.normal(size=(ROUNDS, ACTIONS))
    expected = rng.random((ROUNDS, SLOTS, ACTIONS)).round(3)
    reward = rng.random((ROUNDS, SLOTS)).round(3)
    action = np.zeros((ROUNDS, SLOTS), int)
    propensity = np.zeros((ROUNDS, SLOTS))
    shares = np.zeros((ROUNDS, SLOTS, ACTIONS))
    for i in range(ROUNDS):
        left = np.ones(ACTIONS, bool)
        for k in range(SLOTS):
            p = np.where(left, np.exp(logged[i]), 0.0)
            p /= p.sum()
            q = np.where(left, np.exp(target[i]), 0.0)
            shares[i, k] = q / q.sum()
            action[i, k] = rng.choice(ACTIONS, p=p)
            propensity[i, k] = p[action[i, k]]
            left[action[i, k]] = False
    chosen = np.take_along_axis(shares, action[:, :, None], axis=2)[:, :, 0]
    given = {
        "slate_id": np.repeat(np.arange(ROUNDS), SLOTS),
        "reward": reward.ravel(),
        "position": np.tile(np.arange(SLOTS), ROUNDS),
        "pscore_cascade": np.cumprod(propensity, axis=1).ravel(),
        "evaluation_policy_pscore_cascade": np.cumprod(chosen, axis=1).ravel(),
    }
    answers = {
        "rips": ope.SlateRewardInteractionIPS(len_list=SLOTS).estimate_policy_value(**given),
        "cascade_dr": ope.SlateCascadeDoublyRobust(
            len_list=SLOTS, n_unique_action=ACTIONS
        ).estimate_policy_value(
            **given,
            action=action.ravel(),
            q_hat=expected.ravel(),
            evaluation_policy_action_dist=shares.ravel(),
        ),
    }
    inputs = {
        "propensity": propensity,
        "action": action,
        "reward": reward,
        "target": shares,
        "expected": expected,
    }
    return inputs, answers


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Arrays as lists, numbers as numbers."""
    return {name: np.asarray(value).tolist() for name, value in values.items()}


if __name__ == "__main__":
    ope, rng = estimators_of_obp(), np.random.default_rng(1)
    golden: dict[str, Any] = {}
    for name, make in (("first_slot", first_slot), ("slates", slates)):
        inputs, answers = make(ope, rng)
        golden[name] = {"inputs": plain(inputs), "obp": plain(answers)}
    print(json.dumps(golden))
