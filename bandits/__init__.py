"""How a slate is drawn and what is learned from it: policies, evidence, versions, rewards."""

from bandits.epsilon_greedy import EpsilonGreedy
from bandits.inverse_gap import InverseGap
from bandits.lin_ucb import LinUcb
from bandits.mixture import Mixture
from bandits.policy import Policy
from bandits.river import River
from bandits.softmax import Softmax
from bandits.thompson import Thompson
from bandits.uniform import Uniform

POLICIES: dict[str, type[Policy]] = {
    "uniform": Uniform,
    "epsilon_greedy": EpsilonGreedy,
    "softmax": Softmax,
    "lin_ucb": LinUcb,
    "inverse_gap": InverseGap,
    "thompson": Thompson,
    "mixture": Mixture,
    "river": River,
}
