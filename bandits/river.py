"""River: any regressor of the library river as the estimator, and a rule of ours that draws."""

import inspect
from functools import cache
from importlib import import_module
from typing import Annotated, Any, ClassVar

from msgspec import Meta, field

from bandits.epsilon_greedy import EpsilonGreedy
from bandits.inverse_gap import InverseGap
from bandits.policy import NO_DRAWS, Policy, Rule, as_of
from bandits.ranges import check_ranges
from bandits.softmax import Softmax
from bandits.uniform import Uniform
from numeric.arrays import Floats

SEED = 7


class River(Rule, frozen=True, tag="river"):
    """Draw by ``rule`` from what a river model expects, learned from the newest ``examples`` rows.

    Propensities are the rule's, so they are as exact as those of any policy. The model has no sums that
    add up: what is kept are rows (`bandits.examples`), and every version is a fresh model that is shown
    them in the order of their decisions (`bandits.river_version`). So it is the same in whatever order
    parts, shards and late rewards came, after a resume and after an erasure, and no foreign object is
    ever stored. The price is time: some 0.1 ms a row and candidate.

    ``model`` names classes of river; all but the last transform: "a.B | c.D". ``options`` are of the last.

    >>> River(model="tree.HoeffdingTreeRegressor").probabilities(np.array([0.1, 0.9]), np.zeros(2)).round(3)
    array([0.005, 0.995])

    Shapes: mean and result (m,), over the candidates that remain for this slot.
    Source: Montiel et al. (2021), "River: machine learning for streaming data in Python".
    """

    model: Annotated[str, Meta(description="a regressor of river, transformers before it: A | B")] = (
        "linear_model.BayesianLinearRegression"
    )
    options: dict[str, float | int | str | bool] = field(default_factory=dict)
    rule: Uniform | EpsilonGreedy | Softmax | InverseGap = InverseGap(gamma=20_000.0, floor=0.01)
    examples: Annotated[int, Meta(ge=10, le=30_000, description="newest rows that are kept and learned")] = (
        10_000
    )

    wants_variance: ClassVar[bool] = False
    draws: ClassVar[int] = 0

    def __post_init__(self) -> None:
        check_ranges(self)
        self.new_model()

    def at(self, rows: float) -> "River":
        """Return the policy with the rule as it is once so many rows were learned from."""
        then: Policy = as_of(self.rule, rows)
        return self if then is self.rule else River(self.model, self.options, then, self.examples)  # type: ignore[arg-type]

    def new_model(self) -> Any:
        """Return a model that has learned nothing; its dice, if it has any, always fall alike.

        Raises ValueError if river has no such regressor, or it no such option.
        """
        *before, last = (_named(name.strip()) for name in self.model.split("|"))
        from river import base, compose  # noqa: PLC0415  a second to import, for those who use it

        if not all(issubclass(kind, base.Transformer) for kind in before):
            raise ValueError(f"model is {self.model!r}, expected transformers of river before its last |")
        if not issubclass(last, base.Regressor):
            raise ValueError(
                f"model is {self.model!r}, expected a regressor of river, such as linear_model.PARegressor"
            )
        options = dict(self.options)
        if "seed" in inspect.signature(last).parameters:
            options.setdefault("seed", SEED)
        try:
            regressor = last(**options)
        except (TypeError, ValueError) as error:
            raise ValueError(f"options of {last.__name__}: {error}") from None
        return compose.Pipeline(*(kind() for kind in before), regressor) if before else regressor

    def probabilities(
        self,
        mean: Floats,
        variance: Floats,
        deviations: Floats = NO_DRAWS,
    ) -> Floats:
        """Return what the rule says."""
        return self.rule.probabilities(mean, variance, deviations)


@cache
def _named(name: str) -> type:
    """Return the class of river that ``name`` means, without the library's own name before it."""
    module, _, kind = name.rpartition(".")
    found: Any = None
    if module.replace(".", "").replace("_", "").isalnum():
        try:
            found = getattr(import_module(f"river.{module}"), kind, None)
        except ImportError:
            found = None
    if not isinstance(found, type):
        raise ValueError(
            f"river has no {name!r}, expected a class in one of its modules, such as "
            "linear_model.LinearRegression or tree.HoeffdingTreeRegressor"
        )
    return found
