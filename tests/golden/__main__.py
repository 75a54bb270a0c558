"""Renew what the golden log is made into: `python -m tests.golden`."""

import tempfile
from pathlib import Path

from tests.golden import FOLDER, MADE, make

with tempfile.TemporaryDirectory() as name:
    make(Path(name))
    for made in MADE:
        new, old = (Path(name) / made).read_bytes(), FOLDER / made
        changed = not old.exists() or old.read_bytes() != new
        print(f"{old}: {len(new):,} bytes, {'renewed' if changed else 'as it was'}")
        old.write_bytes(new)
