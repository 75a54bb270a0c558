"""The one way we compile: strict arithmetic, and a disk cache that knows every kernel's source.

Numba's own cache looks only at the file of the function it compiles, not at the files of the
functions called from it: after an edit there, stale machine code would run. So the cache lives in a
folder named after the source of every room that compiles something.

No fast-math: additions are never reordered and products never fused, so the bits do not depend on
the processor. What needs an exponential or a logarithm takes it from `numeric.exact`.
"""

import sys
import tempfile
from collections.abc import Callable
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np
from numba import njit

ROOMS = ("numeric", "features", "candidates", "bandits", "pipelines")


def source_digest(root: Path) -> str:
    """Return a digest of all Python source below the rooms that hold kernels."""
    digest = blake2b(numba.__version__.encode(), digest_size=6)
    for room in ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            source = path.read_bytes()
            if b"numeric.jit" in source:
                digest.update(path.relative_to(root).as_posix().encode() + b"\0" + source)
    return digest.hexdigest()


def _cache_folder() -> Path:
    root = Path(__file__).resolve().parent.parent
    name = f"kernels-{source_digest(root)}"
    folder = Path(__file__).resolve().parent / "__pycache__" / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # installed where we may not write
        folder = Path(tempfile.gettempdir()) / f"segue-{name}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


if not numba.config.CACHE_DIR:  # whoever sets NUMBA_CACHE_DIR has decided already
    numba.config.CACHE_DIR = str(_cache_folder())


def layout(fields: list[tuple[Any, ...]], *, align: bool = True) -> np.dtype[np.void]:
    """Return the type of rows that kernels read, each field where the processor likes it if ``align``.

    Rows that are stored stand close together, not aligned. Where kernels run as plain Python
    (NUMBA_DISABLE_JIT=1), rows have attributes there too.
    """
    rows = np.dtype(fields, align=align)
    return np.dtype((np.record, rows)) if numba.config.DISABLE_JIT else rows


def load_compiler() -> None:
    """Load what numba loads on its first call, but not scipy, whose BLAS no kernel uses: 0.2 s of it."""
    is_there = "scipy.linalg" in sys.modules
    if not is_there:
        sys.modules["scipy.linalg"] = None  # type: ignore[assignment]  # "not installed", for a moment
    try:
        import_module("numba.np.arraymath")
    finally:
        if not is_there:
            del sys.modules["scipy.linalg"]


F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile a function on its first call, and keep the machine code for the next process."""
    compiled: F = njit(cache=True, error_model="numpy", boundscheck=False)(function)
    return compiled
