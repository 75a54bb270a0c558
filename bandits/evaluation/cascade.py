"""Estimators of whole slates, from each slot's propensity given the slots above."""

import math

import numpy as np
from msgspec import Struct

from bandits.evaluation.judged import Judged, Terms


class Rips(Struct, frozen=True):
    """Sum the rewards of all slots, each weighed by the product of the ratios down to its slot.

    >>> ones = np.ones((1, 2))
    >>> Rips().terms(Judged(np.array([[2.0, 0.5]]), ones, ones, ones)).weighted
    array([3.])

    Unbiased if what a slot earns depends on the slots above it, not on those below (the cascade).
    Source: McInerney, Brost, Chandar, Mehrotra & Carterette (2020), "Counterfactual evaluation of slate
    recommendations with sequential reward interactions".
    """

    def terms(self, judged: Judged) -> Terms:
        """Return Σ weight × reward over the slots."""
        weighted = (judged.weight * judged.reward).sum(axis=1)
        return Terms(np.zeros_like(weighted), weighted, np.ones_like(weighted))

    def width(self, bound: float) -> float:  # noqa: ARG002
        """Products of ratios have no useful bound."""
        return math.inf


class CascadeDr(Struct, frozen=True):
    """Doubly robust at every slot, given the slots above.

    Slot k adds w₁..ₖ (reward − expected) + w₁..ₖ₋₁ value, w being the product of ratios.

    >>> ones = np.ones((1, 2))
    >>> CascadeDr().terms(Judged(np.array([[2.0, 0.5]]), ones, ones / 2, ones / 4)).weighted
    array([2.25])

    Unbiased under the cascade whatever the model, with less variance than `Rips`.
    Source: Kiyohara, Saito, Matsuhiro, Narita, Shimizu & Yamamoto (2022), "Doubly robust off-policy
    evaluation for ranking policies under the cascade behavior model".
    """

    def terms(self, judged: Judged) -> Terms:
        """Return the sum over the slots."""
        weight = judged.weight
        above = np.ones_like(weight)
        above[:, 1:] = weight[:, :-1]
        weighted = (weight * (judged.reward - judged.expected) + above * judged.value).sum(axis=1)
        return Terms(np.zeros_like(weighted), weighted, np.ones_like(weighted))

    def width(self, bound: float) -> float:  # noqa: ARG002
        """Products of ratios have no useful bound."""
        return math.inf
