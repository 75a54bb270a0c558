"""Off-policy evaluation: what a policy that never ran would have earned, from the log of another."""

from bandits.evaluation.cascade import CascadeDr, Rips
from bandits.evaluation.direct_method import DirectMethod
from bandits.evaluation.doubly_robust import Dr, DrOs, Sndr, SwitchDr
from bandits.evaluation.inverse_propensity import ClippedIps, Ips, Snips
from bandits.evaluation.judged import Estimator

FIRST_SLOT: dict[str, Estimator] = {
    "ips": Ips(),
    "clipped_ips": ClippedIps(),
    "snips": Snips(),
    "direct": DirectMethod(),
    "dr": Dr(),
    "sndr": Sndr(),
    "switch_dr": SwitchDr(),
    "dr_os": DrOs(),
}
SLATE: dict[str, Estimator] = {"rips": Rips(), "cascade_dr": CascadeDr()}
ESTIMATORS: dict[str, Estimator] = FIRST_SLOT | SLATE
NEEDS_MODEL = frozenset({"direct", "dr", "sndr", "switch_dr", "dr_os", "cascade_dr"})
