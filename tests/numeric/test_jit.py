"""Machine code is kept between processes, and never outlives the source it was made from."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from numeric.jit import ROOMS, layout, source_digest

KERNEL = b"from numeric.jit import kernel\n\n@kernel\ndef one() -> int:\n    return 1\n"
HERE = Path(__file__).resolve().parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree with a kernel in a room, and a file without one."""
    (tmp_path / "features" / "pair").mkdir(parents=True)
    (tmp_path / "features" / "pair" / "bias.py").write_bytes(KERNEL)
    (tmp_path / "features" / "plain.py").write_bytes(b"x = 1\n")
    return tmp_path


def test_the_same_source_gives_the_same_digest(root: Path) -> None:
    """Wherever it lies: a copy elsewhere keeps its machine code apart by folder, not by name."""
    assert source_digest(root) == source_digest(root)
    assert source_digest(HERE) == source_digest(HERE)


def test_a_changed_kernel_changes_the_digest(root: Path) -> None:
    """One character in a file that compiles something."""
    before = source_digest(root)

    (root / "features" / "pair" / "bias.py").write_bytes(KERNEL.replace(b"return 1", b"return 2"))

    assert source_digest(root) != before


def test_a_moved_and_a_new_kernel_change_the_digest(root: Path) -> None:
    """Names count too."""
    before = source_digest(root)
    (root / "features" / "pair" / "bias.py").rename(root / "features" / "pair" / "other.py")
    moved = source_digest(root)

    (root / "bandits").mkdir()
    (root / "bandits" / "more.py").write_bytes(KERNEL)

    assert len({before, moved, source_digest(root)}) == 3


def test_a_file_that_compiles_nothing_leaves_the_digest_alone(root: Path) -> None:
    """Documents, tests and plain code recompile nothing."""
    before = source_digest(root)

    (root / "features" / "plain.py").write_bytes(b"x = 2\n")
    (root / "tests").mkdir()
    (root / "tests" / "some.py").write_bytes(KERNEL)

    assert source_digest(root) == before


def test_every_file_that_compiles_lies_in_a_room_that_the_digest_looks_at() -> None:
    """A kernel elsewhere would run stale after an edit."""
    sources = [path for path in HERE.rglob("*.py") if not {".venv", "tests", "build"} & set(path.parts)]

    compiling = {path for path in sources if b"import kernel" in path.read_bytes()}

    assert len(compiling) > 30
    assert {path.relative_to(HERE).parts[0] for path in compiling} <= set(ROOMS)


def cache_folder(root: Path, **environment: str) -> str:
    """Where a process that imports from this tree keeps its machine code."""
    code = "import numeric.jit, numba; print(numba.config.CACHE_DIR)"
    names = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=root, env=names | environment, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


@pytest.mark.compiled
def test_machine_code_is_kept_where_it_may_be_written(tmp_path: Path) -> None:
    """Beside the source; in the temporary folder if that is not possible; or where the user says."""
    (tmp_path / "numeric").mkdir()
    for name in ("__init__.py", "jit.py"):
        (tmp_path / "numeric" / name).write_bytes((HERE / "numeric" / name).read_bytes())
    digest = source_digest(tmp_path)

    beside = cache_folder(tmp_path)
    theirs = cache_folder(tmp_path, NUMBA_CACHE_DIR=str(tmp_path / "own"))
    for made in sorted((tmp_path / "numeric" / "__pycache__").iterdir()):
        made.rmdir()
    (tmp_path / "numeric" / "__pycache__").rmdir()
    (tmp_path / "numeric" / "__pycache__").write_bytes(b"not a folder")
    (tmp_path / "scratch").mkdir()
    elsewhere = cache_folder(tmp_path, TMPDIR=str(tmp_path / "scratch"))

    assert beside == str(tmp_path / "numeric" / "__pycache__" / f"kernels-{digest}")
    assert theirs == str(tmp_path / "own")
    assert elsewhere == str(tmp_path / "scratch" / f"segue-kernels-{digest}")


def test_rows_have_room_for_their_fields_as_the_processor_likes_it() -> None:
    """Eight-byte fields start at multiples of eight, whichever way kernels run."""
    rows = layout([("flag", "u1"), ("count", "f8"), ("track", "i4")])

    assert [rows.fields[name][1] for name in rows.names or ()] == [0, 8, 16]  # type: ignore[index]
    assert np.zeros(2, rows)["count"].tolist() == [0.0, 0.0]


def test_the_compiler_is_loaded_without_scipys_blas_and_whoever_wants_that_still_gets_it() -> None:
    """A worker starts the sooner for it; nothing is left behind that says scipy were not installed."""
    script = (
        "import sys; from numeric.jit import load_compiler; load_compiler(); "
        "assert 'numba.np.arraymath' in sys.modules; print('scipy.linalg' in sys.modules); "
        "import scipy.linalg; print(scipy.linalg.norm([3.0, 4.0]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=HERE, capture_output=True, check=True, text=True
    )
    assert done.stdout.split() == ["False", "5.0"]
