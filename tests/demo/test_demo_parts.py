"""What the demo draws and counts, part by part."""

import numpy as np
import pytest

from pipelines.demo.chart import Chart, shrunk, spark
from pipelines.demo.tally import Tally


def text_of(chart: Chart, mark: float | None = None) -> list[str]:
    return [line.plain[6:] for line in chart.lines(mark)]


def test_a_curve_goes_from_its_first_value_to_its_last() -> None:
    """A rising line begins in the lowest row on the left and ends in the highest on the right."""
    chart = Chart(width=10, height=3, low=0.0, high=1.0)

    chart.draw(np.linspace(0.0, 1.0, 20), spans=20, style="green")

    rows = text_of(chart)
    assert [row[0] == " " for row in rows] == [True, True, False]
    assert [row[9] == " " for row in rows] == [False, True, True]


def test_a_curve_that_has_only_begun_leaves_the_rest_empty() -> None:
    """Half of the spans fill half of the width."""
    chart = Chart(width=20, height=2, low=0.0, high=1.0)

    chart.draw(np.full(5, 0.9), spans=10, style="green")

    assert text_of(chart)[0].rstrip() == text_of(chart)[0][:10]


def test_values_off_the_scale_stay_on_the_chart() -> None:
    """They are drawn at its edge."""
    chart = Chart(width=4, height=2, low=0.3, high=1.0)

    chart.draw(np.array([-5.0, 7.0]), spans=2, style="green")

    assert len(text_of(chart)) == 2


def test_the_mark_stands_where_it_should_and_curves_cross_it() -> None:
    """A dashed line in every row that no curve touches there."""
    chart = Chart(width=10, height=2, low=0.0, high=1.0)
    chart.draw(np.zeros(10), spans=10, style="green")

    rows = text_of(chart, mark=0.5)

    assert rows[0][5] == "╎"
    assert rows[1][5] not in " ╎"


def test_no_values_draw_nothing() -> None:
    """Before the first advice the chart is empty, and so are the sparks."""
    chart = Chart(width=4, height=1, low=0.0, high=1.0)

    chart.draw(np.array([]), spans=10, style="green")

    assert text_of(chart) == ["    "]
    assert spark(shrunk(np.array([]), 5), 0.0, 1.0) == ""


def test_a_long_curve_is_shrunk_to_means_of_equal_parts() -> None:
    """A short one stays as it is."""
    assert shrunk(np.array([1.0, 3.0, 5.0, 7.0]), 2).tolist() == [2.0, 6.0]
    assert shrunk(np.array([1.0, 3.0]), 2).tolist() == [1.0, 3.0]


def test_a_tally_knows_means_of_all_and_of_the_last_fifth() -> None:
    """Advice is counted in its span of time; new tracks among what was looked at."""
    tally = Tally(0, 100, spans=10, new_tracks={"n"})

    tally.add(5, 0.0, ["a", "n"])
    tally.add(95, 1.0, ["n"])
    tally.add(99, 0.5, ["b"])

    assert tally.turns == 3
    assert tally.mean() == pytest.approx(0.5)
    assert tally.mean(since=0.8) == pytest.approx(0.75)
    assert tally.new_share() == pytest.approx(0.5)


def test_a_curve_is_the_mean_over_the_last_spans() -> None:
    """It goes as far as there was advice, and empty spans borrow from those before."""
    tally = Tally(0, 40, spans=4, new_tracks=())

    tally.add(0, 0.2, [])
    tally.add(20, 0.6, [])

    assert tally.curve(smooth=1).tolist() == [0.2, 0.0, 0.6]
    assert tally.curve(smooth=3).tolist() == pytest.approx([0.2, 0.2, 0.4])
    assert Tally(0, 40, spans=4, new_tracks=()).curve().tolist() == []
