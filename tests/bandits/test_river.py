"""River models as estimators: the same model whatever way its rows came, and nothing foreign in the state."""

import numpy as np
import pytest

from bandits.evidence import Evidence
from bandits.examples import Examples
from bandits.merge import realigned
from bandits.policy import Policy
from bandits.prediction import Prediction
from bandits.river import River
from bandits.river_version import RiverVersion, keep_examples, version_for
from bandits.rows import Rows, rows_of
from bandits.snapshot import evidence_of, snapshot_of
from bandits.softmax import Softmax
from tests.bandits.making import Array, empty, feedback, later, log_of
from topics.feedback import Feedback, FeedbackSlot

MODELS = (
    "linear_model.BayesianLinearRegression",
    "preprocessing.StandardScaler | linear_model.LinearRegression",
    "tree.HoeffdingTreeRegressor",
    "forest.ARFRegressor",
)
EAGER: dict[str, dict[str, float | int | str | bool]] = {
    "tree.HoeffdingTreeRegressor": {"grace_period": 20, "delta": 0.5, "leaf_prediction": "model"}
}
each_model = pytest.mark.parametrize("model", MODELS)


def policy_of(model: str) -> River:
    """A policy by this model, a tree one that splits soon."""
    return River(model=model, options=EAGER.get(model, {}))


def keeping(policy: Policy, parts: list[Rows]) -> Evidence:
    """An evidence that has folded these parts for a policy."""
    evidence = empty()
    keep_examples(evidence, policy)
    for part in parts:
        evidence.fold(part)
    return evidence


def means(policy: Policy, evidences: list[Evidence]) -> Array:
    """What the policy's version expects of twenty candidates."""
    asked = feedback(np.random.default_rng(99), empty(), slots=20)
    return version_for(policy, evidences).predict(asked.context[0], asked.columns, policy).mean


@each_model
def test_order_shards_and_late_rewards_change_nothing(model: str) -> None:
    """Two shards, shuffled, rewards in two parts: as of one shard with final rewards, in order."""
    rng, policy = np.random.default_rng(1), policy_of(model)
    first = log_of(rng, empty(), count=30, hours=10)
    second = [later(rows, rng.random(len(rows.reward))) for rows in first]
    final = [rows._replace(reward=told.reward) for rows, told in zip(first, second, strict=True)]
    order = rng.permutation(30)
    shards = [
        keeping(policy, [parts[k] for parts in (first, second) for k in order if k % 2 == half])
        for half in (0, 1)
    ]

    found = means(policy, shards)

    np.testing.assert_allclose(found, means(policy, [keeping(policy, final)]), rtol=1e-9)
    assert np.ptp(found) > 0.0


@each_model
def test_a_model_goes_on_from_a_snapshot_bit_for_bit(model: str) -> None:
    """The snapshot holds rows, no object of river's; what is learned after it makes the same model."""
    rng, policy = np.random.default_rng(2), policy_of(model)
    log = log_of(rng, empty(), count=20, hours=5)
    before = keeping(policy, log[:10])

    record = snapshot_of(before, policy="river", shard=0, version=1, settings="", feedback_offset=-1)
    resumed = evidence_of(record, half_life_ms=0)
    for part in log[10:]:
        before.fold(part)
        resumed.fold(part)

    assert means(policy, [resumed]).tobytes() == means(policy, [before]).tobytes()
    assert b"river" not in record.examples


def test_an_erased_row_was_never_there() -> None:
    """Its later parts go with it."""
    rng, policy = np.random.default_rng(3), River()
    log = log_of(rng, empty(), count=12, hours=5)
    gone = [log[4], later(log[4], rng.random(10))]
    evidence = keeping(policy, [*log[:4], *gone, *log[5:]])

    for part in gone:
        evidence.erase(part)

    expected = keeping(policy, log[:4] + log[5:])
    assert means(policy, [evidence]).tobytes() == means(policy, [expected]).tobytes()


def test_only_the_newest_rows_are_kept() -> None:
    """Of 300 rows a policy of 50 examples knows the last 50, whatever was there before."""
    policy = River(examples=50)
    log = log_of(np.random.default_rng(4), empty(), count=30, hours=30)

    found = means(policy, [keeping(policy, log)])

    assert found.tobytes() == means(policy, [keeping(policy, log[-5:])]).tobytes()
    assert found.tobytes() != means(policy, [keeping(policy, log[-6:-1])]).tobytes()


def test_an_alarm_counts_for_rows_dated_before_it() -> None:
    """All but forgotten, what was learned before an alarm says next to nothing beside what came after."""
    policy = River()
    old, new = log_of(np.random.default_rng(5), empty(), count=20, hours=20)[:2]
    evidence = keeping(policy, [old])
    evidence.alarm(1e-9)
    evidence.fold(new)

    assert means(policy, [evidence]).tobytes() == means(policy, [keeping(policy, [new])]).tobytes()


def test_a_row_that_stands_for_twenty_is_learned_twenty_times() -> None:
    """What stands for others carries their number; a fraction is made up by a die of the row's own."""
    ones = np.ones(2, "<f4").tobytes()

    def kept(weight: float) -> tuple[float, float]:
        slot = FeedbackSlot(0, "t", ones, None, reward=0.5, reward_change=0.5, first=True, weight=weight)
        examples = Examples(10, 2, 2)
        examples.add(rows_of([Feedback("d", "m", 7, "organic", "none", "p", "1", "l", ones, (slot,))]), 1.0)
        (example,) = examples.newest()
        assert example.columns.tolist() == [1.0, 1.0]
        return example.weight, example.reward

    assert kept(20.0) == pytest.approx((20.0, 0.5), rel=1e-6)
    assert kept(0.25) == pytest.approx((0.25, 0.5), rel=1e-6)


def test_rows_with_other_columns_are_those_columns_rows() -> None:
    """A column that went is left out, a new one is 0: as for evidence."""
    policy = River()
    log = log_of(np.random.default_rng(6), empty(), count=10, hours=5)
    names = ("one", "p2", "fresh", "p1")
    other = realigned(keeping(policy, log), "other", ("one", "c2", "c1"), names)

    plain = Evidence("other", ("one", "c2", "c1"), names)
    keep_examples(plain, policy)
    for rows in log:
        columns = np.column_stack([rows.columns[:, [0, 2]], np.zeros(10), rows.columns[:, 1]])
        plain.fold(rows._replace(context=rows.context[:, [0, 2, 1]], columns=columns.astype(np.float32)))

    assert means(policy, [other]).tobytes() == means(policy, [plain]).tobytes()


@each_model
def test_a_model_finds_what_is_there_to_be_found(model: str) -> None:
    """Rewards that hang on one column: candidates are ordered by it."""
    rng, policy = np.random.default_rng(7), policy_of(model)
    log = log_of(rng, empty(), count=150, hours=50)
    told = [rows._replace(reward=np.where(rows.columns[:, 2] > 0, 0.9, 0.1)) for rows in log]
    asked = feedback(rng, empty(), slots=200)

    version = version_for(policy, [keeping(policy, told)])
    found = version.predict(asked.context[0], asked.columns, policy).mean

    high = asked.columns[:, 2] > 0
    assert found[high].mean() > found[~high].mean() + 0.2


def test_what_columns_add_sums_to_the_mean() -> None:
    """A reason for every column: by how much its being there moves the mean; the rest is the first's."""
    policy = policy_of("tree.HoeffdingTreeRegressor")
    log = log_of(np.random.default_rng(8), empty(), count=40, hours=10)
    asked = feedback(np.random.default_rng(9), empty(), slots=1)
    version = version_for(policy, [keeping(policy, log)])
    assert isinstance(version, RiverVersion)

    terms = version.contributions(asked.context[0], asked.columns[0])

    mean = version.predict(asked.context[0], asked.columns, policy).mean[0]
    assert terms.sum() == pytest.approx(mean, rel=1e-12)
    assert (terms[1:] != 0.0).any()


def test_the_rule_draws_from_what_the_model_expects() -> None:
    """Propensities are the rule's own, of any rule."""
    known = Prediction(np.array([0.2, 0.8, 0.5]), np.zeros(0))
    rule = Softmax(temperature=0.1)

    assert River(rule=rule).probabilities(*known).tolist() == rule.probabilities(*known).tolist()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": "linear_model.Nothing"}, "river has no 'linear_model.Nothing', expected a class"),
        ({"model": "nowhere.Nothing"}, "river has no 'nowhere.Nothing'"),
        ({"model": "os; import sys"}, "river has no 'os; import sys'"),
        ({"model": "linear_model.LogisticRegression"}, "expected a regressor of river, such as"),
        ({"model": "linear_model.LinearRegression | linear_model.LinearRegression"}, "expected transformers"),
        ({"options": {"depth": 3}}, "options of BayesianLinearRegression: .* unexpected keyword"),
        ({"examples": 5}, r"examples must be in \[10, 30000\], got 5"),
    ],
)
def test_a_model_that_river_has_not_is_refused(settings: dict[str, object], message: str) -> None:
    """The message names what came, and what was expected."""
    with pytest.raises(ValueError, match=message):
        River(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("torn", [b"", b"x", Examples(10, 3, 4).state()[:-3]])
def test_torn_examples_are_refused(torn: bytes) -> None:
    """The message says what to do."""
    with pytest.raises(ValueError, match="fold their feedback again"):
        Examples.resumed(torn, 3, 4)
