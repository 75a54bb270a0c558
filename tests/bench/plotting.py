"""Plots for docs/: small vector files, the same bytes for the same figures."""

from pathlib import Path
from typing import Any


def subplots(rows: int, columns: int, *, width: float = 8.0, height: float = 3.4) -> tuple[Any, Any]:
    """Return a figure and its axes, drawn without a screen."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    plt.rcParams.update({"svg.hashsalt": "segue", "svg.fonttype": "none", "axes.grid": True,
                            "grid.alpha": 0.3, "axes.spines.top": False, "axes.spines.right": False,
                            "font.size": 9})  # fmt: skip
    figure, axes = plt.subplots(rows, columns, figsize=(width, height * rows), layout="constrained")
    return figure, axes


def saved(figure: Any, path: Path) -> None:
    """Write a figure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    print(f"wrote {path}")
