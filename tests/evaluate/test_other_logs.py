"""Logs of others: Open Bandit Data and Vowpal Wabbit's dsjson."""

from pathlib import Path

import pytest

from pipelines.evaluate.run import evaluate
from pipelines.settings import load_settings
from tests.evaluate.making import dsjson, dsjson_file, open_bandit_file

SETTINGS = load_settings()


def test_open_bandit_by_hand(tmp_path: Path) -> None:
    """Each row is a decision of one slot among all items."""
    path = open_bandit_file(tmp_path / "obd.csv", ["t,0,1,1,0.5,0,0,0", "t,2,3,0,0.25,0,0,0"])

    result = evaluate(path, ["uniform"], SETTINGS)

    assert result["policies"]["uniform"]["first_slot"]["ips"]["value"] == pytest.approx(1 / 3 / 0.5 / 2)
    assert result["slots"] == 1


def test_a_uniform_log_judges_uniform_as_it_was(shared_data: Path) -> None:
    """On the real random log, uniform's estimate is what was earned, but for the propensities' rounding."""
    result = evaluate(str(shared_data / "obd_random_men.csv.gz"), ["uniform"], SETTINGS)

    found = result["policies"]["uniform"]
    assert result["decisions"] == 7_000
    assert found["first_slot"]["ips"]["value"] == pytest.approx(
        result["logged"]["first_slot"]["value"], rel=1e-3
    )
    assert found["effective_size"] == pytest.approx(7_000, rel=1e-4)


def test_dsjson_by_hand(tmp_path: Path) -> None:
    """The first of ``a`` was shown; a line that was never shown is left out."""
    lines = [dsjson(), dsjson(_label_cost=0, a=[1, 2]), dsjson(_skipLearn=True)]
    path = dsjson_file(tmp_path / "vw.json", lines)

    result = evaluate(path, ["uniform"], SETTINGS)

    assert result["policies"]["uniform"]["first_slot"]["ips"]["value"] == pytest.approx(0.5 / 0.8 * 0.5 / 2)
    assert result["left_out"] == {"not shown (_skipLearn)": 1}
