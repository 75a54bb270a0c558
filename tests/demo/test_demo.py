"""The demo as a whole: who wins, what it prints, and that a seed says everything."""

import io
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from pipelines.demo.race import BEST, POPULAR, SEGUE, UNIFORM, Race
from pipelines.demo.screen import live
from pipelines.demo.settings import WorldSettings
from pipelines.demo.show import show
from pipelines.demo.world import World
from pipelines.settings import load_settings

TINY = WorldSettings(listeners=20, tracks=400, artists=50, days=2)
ROOT = Path(__file__).parents[2]


def raced(world: WorldSettings, only: tuple[str, ...] = (SEGUE, UNIFORM, POPULAR, BEST)) -> Race:
    race = Race(World(world), load_settings(), only)
    for _ in race.run():
        pass
    return race


@pytest.fixture(scope="module")
def tiny() -> Race:
    return raced(TINY)


def demo(*options: str) -> list[str]:
    return [sys.executable, "-m", "pipelines.cli", "demo", *options]


@pytest.mark.compiled
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_default_policy_ends_clearly_above_popular_and_uniform(seed: int) -> None:
    """After some days it earns at least .04 more than either, and less than who knows the truth."""
    race = raced(WorldSettings(seed=seed, listeners=120, tracks=1_200, artists=150, days=6))

    late = {result.name: result.late for result in race.results()}

    assert late[SEGUE] > late[UNIFORM] + 0.04
    assert late[SEGUE] > late[POPULAR] + 0.04
    assert late[BEST] > late[SEGUE] + 0.1


def test_all_contestants_meet_the_same_turns(tiny: Race) -> None:
    """Who comes when is luck, the same for everybody: only how long they stay differs a little."""
    turns = [contestant.tally.turns for contestant in tiny.contestants]

    assert max(turns) - min(turns) < 0.05 * max(turns)
    assert all(contestant.over for contestant in tiny.contestants)


def test_the_best_possible_choice_has_no_regret_and_is_all_of_itself(tiny: Race) -> None:
    """Regret and share are measured against it."""
    best = tiny.results()[-1]

    assert (best.name, best.regret, best.of_best) == (BEST, 0.0, 1.0)


def test_what_is_shown_as_why_sums_to_the_score(tiny: Race) -> None:
    """Every term is there, largest first; their sum is the linear predictor, the score the same in [0, 1]."""
    coming = tiny.story.next_tracks(tiny.engine.engine.views.table, slots=10)

    assert len(coming) == 10
    for slot in coming:
        terms = [reason.contribution for reason in slot.reasons]
        assert sorted(terms, key=abs, reverse=True) == terms
        assert min(max(sum(terms), 0.0), 1.0) == pytest.approx(slot.score, abs=2e-6)
        assert 0 < slot.propensity <= 1


def test_the_story_follows_a_listener_whose_taste_will_change(tiny: Race) -> None:
    """So the screen shows how the engine follows; their plays are told by what was heard."""
    story = tiny.story

    assert story.listener_id in tiny.world.switchers()
    assert 0 < len(story.heard) <= story.PLAYS
    assert all(0 <= play.share <= 1 for play in story.heard)


@pytest.mark.parametrize("size", [(80, 24), (110, 33)])
def test_the_live_screen_fits_the_terminal(tiny: Race, size: tuple[int, int]) -> None:
    """Nothing is cut off at 80 × 24, and a larger terminal is used."""
    width, height = size
    console = Console(width=width, height=height, file=io.StringIO(), color_system=None)

    lines = console.render_lines(live(tiny, 1_234.0, width, height))

    assert height - 3 <= len(lines) <= height
    text = "\n".join("".join(segment.text for segment in line).rstrip() for line in lines)
    assert "1,234 plays/s" in text
    assert "30% of the listeners change their taste" in text
    assert all(name in text for name in (SEGUE, UNIFORM, POPULAR, BEST, "propensity", "why"))


def test_the_live_screen_leaves_the_final_figures_behind() -> None:
    """On a terminal the screen is drawn while it runs, and what stays says how far from the best possible."""
    terminal = io.StringIO()
    console = Console(file=terminal, force_terminal=True, width=100, height=30)

    race = show(TINY, load_settings(), console)

    segue = race.results()[0]
    assert race.day == TINY.days
    assert f"segue ends at {segue.late:.3f}, {segue.of_best:.1%} of the best possible" in terminal.getvalue()


@pytest.mark.compiled
def test_the_same_seed_prints_the_same_figures_whatever_the_hash_seed() -> None:
    """All but the last line of how fast it went is a function of the seed."""
    outputs = []
    for hash_seed in ("0", "1"):
        done = subprocess.run(
            demo("--days", "2", "--listeners", "20", "--tracks", "400"),
            env=os.environ | {"PYTHONHASHSEED": hash_seed, "COLUMNS": "100"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        outputs.append(re.sub(r"plays in .* plays/s", "", done.stdout))

    assert outputs[0] == outputs[1]
    for promised in (
        "day    1  segue 0.",
        "30% of the listeners change their taste",
        "last fifth",
        "of the best",
        "regret",
        "new artists",
        "what they heard, and what is next",
        "propensity",
        "all else",
        "segue ends at 0.",
        "Try next:",
        "segue replay my_spotify_data.zip",
        "segue settings",
    ):
        assert promised in outputs[0]


@pytest.mark.compiled
def test_an_interrupted_demo_says_how_far_it_came() -> None:
    """Ctrl-C ends it with the figures so far, not with a traceback."""
    running = subprocess.Popen(
        demo("--days", "60", "--listeners", "50"), cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    while not running.stdout.readline().startswith("day    2"):
        pass

    running.send_signal(signal.SIGINT)
    rest, _ = running.communicate(timeout=60)

    assert running.returncode == 0
    assert re.search(r"stopped on day \d+\.\d+; the figures so far:", rest)
    assert "segue ends at" in rest
