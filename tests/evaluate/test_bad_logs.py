"""What is wrong in a log is refused with its line, its field and the reason; nothing is clipped."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.evaluate.question import WrongLog
from pipelines.evaluate.run import evaluate
from pipelines.importers.source import ImportFailed
from pipelines.settings import load_settings
from pipelines.wrong_options import WrongOptions
from tests.evaluate.making import decision, dsjson, dsjson_file, feedback, open_bandit_file, snapshot, written

SETTINGS = load_settings()


def replaced(path: str, changes: dict[str, Any]) -> None:
    """Change fields of the second line; None takes the field away."""
    lines = Path(path).read_text().splitlines()
    record = json.loads(lines[1])
    for field, value in changes.items():
        inner = record
        *above, last = field.split(".")
        for part in above:
            inner = inner[int(part)] if part.isdigit() else inner[part]
        if value is None:
            del inner[last]
        else:
            inner[last] = value
    lines[1] = json.dumps(record)
    Path(path).write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("which", "changes", "said"),
    [
        (0, {"scores.slate.0.propensity": 0.0}, r"scores.slate\[0\].propensity is 0.0, expected .* \(0, 1\]"),
        (0, {"scores.slate.0.propensity": 1.5}, r"scores.slate\[0\].propensity is 1.5, expected .* \(0, 1\]"),
        (0, {"scores.slate.0.propensity": None}, r"scores.slate\[0\].propensity is missing"),
        (0, {"scores.slate.0.propensity": "x"}, r"scores.slate\[0\].propensity is \"x\", expected `float`"),
        (0, {"scores.slate.0.track_id": "t9"}, r"scores.slate\[0\].track_id is t9, expected one of the cand"),
        (0, {"layout": "other"}, "layout is other, expected test as in the lines before"),
        (0, {"columns": "AACAPw=="}, "columns is 1 numbers, expected finite ones, as many for each of 3"),
        (0, {"schema": "film.v9"}, "schema is .*film.v9"),
        (0, {"schema": "scores.v1"}, "decision_id is missing"),
        (1, {"slots.0.reward": 1.5}, r"slots\[0\].reward is 1.5, expected `float` <= 1"),
        (1, {"slots.0.reward": -0.1}, r"slots\[0\].reward is -0.1, expected `float` >= 0"),
        (1, {"slots.0.propensity": 0.0}, r"slots\[0\].propensity is 0.0, expected `float` > 0"),
    ],
)
def test_ours(which: int, changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    """Propensity 0, above 1, missing or no number; rewards outside [0, 1]; the wrong schema."""
    log = written(
        tmp_path,
        [decision(name, (1,), (0.5,)) for name in "abc"],
        [feedback(name, {0: 0.5}) for name in "abc"],
    )
    replaced(log[which], changes)

    with pytest.raises(WrongLog, match=f"{Path(log[which]).name}, line 2: {said}.*nothing was judged"):
        evaluate(log[0], ["uniform"], SETTINGS, feedback=log[1])


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("t,1,1,0,0,0,0,0", r"propensity_score is '0', expected a number in \(0, 1\]"),
        ("t,1,1,0,,0,0,0", "propensity_score is ''"),
        ("t,1,1,0,1.01,0,0,0", "propensity_score is '1.01'"),
        ("t,1,1,0,nan,0,0,0", "propensity_score is 'nan'"),
        ("t,1,1,2,0.5,0,0,0", "click is '2', expected a whole number from 0 to 1"),
        ("t,3,1,0,0.5,0,0,0", "item_id is '3', expected a whole number from 0 to 2"),
        ("t,1,4,0,0.5,0,0,0", "position is '4', expected a whole number from 1 to 3"),
        ("t,1,1,0,0.5,0,x,0", "user-item_affinity_1 is 'x', expected a number"),
        ("t,1,1,0,0.5,0,0", "the row has 7 cells, expected 8"),
    ],
)
def test_open_bandit(row: str, said: str, tmp_path: Path) -> None:
    """The Open Bandit Dataset's rows are held to the same."""
    path = open_bandit_file(tmp_path / "obd.csv", ["t,0,1,1,0.5,0,0,0", row])

    with pytest.raises(WrongLog, match=f"obd.csv, line 3: {said}"):
        evaluate(path, ["uniform"], SETTINGS)


def test_another_table_is_no_open_bandit_data(tmp_path: Path) -> None:
    """Columns that lack are named."""
    (tmp_path / "table.csv").write_text("item_id,click\n1,0\n")

    with pytest.raises(ImportFailed, match="no column position, propensity_score"):
        evaluate(str(tmp_path / "table.csv"), ["uniform"], SETTINGS, format="open-bandit")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"_label_probability": 0.0, "p": [0.0, 1.0]},
            r"_label_probability is 0.0, expected a number in \(0, 1\]",
        ),
        ({"_label_probability": 0.5}, r"_label_probability is 0.5, expected p\[0\] = 0.8"),
        ({"_label_cost": 0.5}, "_label_cost is 0.5, expected −1 to 0"),
        ({"_label_cost": -2}, "_label_cost is -2.0, expected −1 to 0"),
        ({"_label_cost": "x"}, '_label_cost is "x", expected `float`'),
        ({"a": [2, 2]}, r"a is \[2, 2\], expected the numbers 1 to 2"),
        ({"p": [0.8]}, "p has 1 numbers, expected 2"),
        ({"c": {"_multi": [{}, {"n": 1e12}]}}, "c.n is 1000000000000.0, expected a number below 1e9"),
    ],
)
def test_dsjson(changed: dict[str, Any], said: str, tmp_path: Path) -> None:
    """VW's lines are held to the same."""
    path = dsjson_file(tmp_path / "vw.json", [dsjson(), dsjson(**changed)])

    with pytest.raises(WrongLog, match=f"vw.json, line 2: {said}"):
        evaluate(path, ["uniform"], SETTINGS)


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("greedy", "expected one of uniform, epsilon_greedy"),
        ("softmax", "expected softmax@SNAPSHOT"),
        ("softmax:temperature@x", "expected FIELD=VALUE after the colon, got 'temperature'"),
        ("softmax:heat=1@x", "heat is no field of Softmax, expected one of temperature, floor"),
        ("softmax@no/such/place", "the snapshot is no/such/place, expected a replay's state directory"),
    ],
)
def test_policies(policy: str, said: str, tmp_path: Path) -> None:
    """What is wrong about a policy is said before the log is read."""
    log = written(tmp_path, [decision("a", (1,), (0.5,))], [feedback("a", {0: 0.5})])

    with pytest.raises(WrongOptions, match=said):
        evaluate(log[0], [policy], SETTINGS, feedback=log[1])


def test_a_snapshot_of_other_columns_is_refused(tmp_path: Path) -> None:
    """It would read numbers that mean something else."""
    log = written(tmp_path, [decision("a", (1,), (0.5,))], [feedback("a", {0: 0.5})])
    other = snapshot(tmp_path / "other", 0.1, layout="older")

    with pytest.raises(WrongOptions, match="reads columns of layout older, the log has test"):
        evaluate(log[0], [f"softmax@{other}"], SETTINGS, feedback=log[1])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"feedback": None}, "--feedback is None, expected the feedback of the same run"),
        ({"slots": 0}, "--slots is 0, expected 1 to 50"),
        ({"format": "csv"}, "--format is 'csv', expected auto or one of segue"),
    ],
)
def test_options(given: dict[str, Any], said: str, tmp_path: Path) -> None:
    """Each option that cannot be is refused with the way out."""
    log = written(tmp_path, [decision("a", (1,), (0.5,))], [feedback("a", {0: 0.5})])

    with pytest.raises(WrongOptions, match=said):
        evaluate(log[0], ["uniform"], SETTINGS, **({"feedback": log[1]} | given))
