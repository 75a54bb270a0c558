"""Version: the evidence of all shards joined with the prior and factorised; what decides."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from bandits.evidence import Evidence
from bandits.kronecker import fold_inverse, unfold, weigh
from bandits.merge import merged
from bandits.policy import Policy
from bandits.prediction import Prediction, contract_weights, predict_mean, predict_spread
from numeric.arrays import Floats, Singles
from numeric.linear import cholesky, inverse, solve

NO_COVARIANCE: Floats = np.zeros((0, 0))
APART = 0x5851F42D4C957F2D  # keeps posterior draws off the dice of slots


class Version(Struct, frozen=True, eq=False):
    """A ridge regression on context ⊗ columns, ready to predict.

    ``covariance`` is (λI + E)⁻¹ in the pairs of `bandits.kronecker`, (C(C+1)/2, P(P+1)/2), with the two
    entries that a context pair i ≠ j joins added up; (0, 0) where it was not asked for.
    Source: Bishop (2006), "Pattern recognition and machine learning", section 3.3.
    """

    name: str
    layout: str
    context_names: tuple[str, ...]
    pair_names: tuple[str, ...]
    weights: Floats  # (C, P)
    covariance: Floats
    rows: float  # n at ``at_ms``: how many rows of that moment it was learned from
    at_ms: int

    def predict(self, context: Singles, columns: Singles, policy: Policy, key: int = 0) -> Prediction:
        """Return what ``policy`` wants to know of candidates (m,) with these columns (m, P).

        Posterior draws are made from ``key``, from other dice than the slots of `bandits.slate.draw`.
        Raises ValueError if a shape is not this version's, or if it was made without covariance and the
        policy needs it.
        """
        self.check(context, columns)
        mean = predict_mean(self.weights, context, columns)
        draws, want_variance = policy.draws, policy.wants_variance
        if not (draws or want_variance):
            return Prediction(mean)
        if not len(self.covariance):
            raise ValueError(
                f"{type(policy).__name__} needs variances, version {self.name} was made without: "
                "make it with want_covariance=True"
            )
        dice_of_draws = np.uint64(key ^ APART)
        spread = predict_spread(self.covariance, context, columns, want_variance, draws, dice_of_draws)
        return Prediction(mean, *spread)

    def check(self, context: Singles, columns: Singles) -> None:
        """Raise ValueError if a shape is not this version's."""
        if (len(context), columns.shape[-1]) != self.weights.shape:
            raise ValueError(
                f"context {context.shape} and columns {columns.shape} do not fit version {self.name}, "
                f"expected ({len(self.weights)},) and (m, {self.weights.shape[1]}) of layout {self.layout}"
            )

    def contributions(self, context: Singles, columns: Singles) -> Floats:
        """Return what each pair column adds to one candidate's mean; (P,), with the mean as its sum."""
        return contract_weights(self.weights, context) * columns


def make_version(
    evidences: Sequence[Evidence],
    prior: float = 1.0,
    *,
    name: str = "0",
    at_ms: int | None = None,
    want_covariance: bool = True,
) -> Version:
    """Join the shards' evidence with a prior of precision ``prior`` on every weight.

    A = λI + Σ_s 2^(−(T − L_s)/h) E_s with T = ``at_ms``, by default the newest decision time in the
    evidence: what is old fades towards the prior. Raises ValueError if shards differ in layout or
    half-life, if the prior is not positive, or if the sums are no longer positive definite.

    >>> nothing = Evidence("l", ("one",), ("one", "popular"))
    >>> version = make_version([nothing], prior=4.0)
    >>> version.weights.tolist(), version.covariance.tolist()
    ([[0.0, 0.0]], [[0.25, 0.0, 0.25]])
    """
    if not 0.0 < prior < np.inf:
        raise ValueError(f"the prior's precision is {prior}, expected a positive number; try 1")
    joined = merged(evidences)
    moment = joined.newest_ms if at_ms is None else at_ms
    faded = weigh(joined.landmark_ms, moment, joined.half_life_ms)
    depth, width = joined.total.shape
    factor = np.empty((joined.total.size, joined.total.size))
    unfold(joined.pairs, depth, width, faded, prior, factor)
    row = cholesky(factor)
    if row >= 0:
        raise ValueError(
            f"evidence of layout {joined.layout} is not positive definite at feature {row} "
            f"({joined.context_names[row // width]} × {joined.pair_names[row % width]}): more was erased "
            f"than folded, or the prior {prior} drowns in rounding; fold the feedback again, or raise it"
        )
    weights = faded * joined.total.reshape(-1)
    solve(factor, weights)
    covariance = NO_COVARIANCE
    if want_covariance:
        whole = np.empty_like(factor)
        inverse(factor, whole)
        covariance = np.empty_like(joined.pairs)
        fold_inverse(whole, depth, width, covariance)
    return Version(
        name,
        joined.layout,
        joined.context_names,
        joined.pair_names,
        weights.reshape(depth, width),
        covariance,
        faded * joined.rows,
        moment,
    )
