"""RocksStore and a process that is killed at any moment."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

from state.rocks import Limits, RocksStore

LIMITS = Limits(cache_bytes=1 << 20, write_buffer_bytes=1 << 20, open_files=16, sync=False)  # flushes often
KEYS = [b"k%d" % i for i in range(20)]

WRITER = """
import sys
from tests.state.test_rocks_kill import KEYS, LIMITS
from state.rocks import RocksStore

store = RocksStore(sys.argv[1], LIMITS)
n = int(store.get(KEYS[0]) or b"0")
while True:
    n += 1
    number = b"%d" % n
    only = {b"only%d" % n: number, b"only%d" % (n - 1): None}
    store.write({key: number.ljust(2000) for key in KEYS} | only)
    print(n, flush=True)
"""


def write_until_killed(path: Path, seconds: float) -> int:
    """Let a child write for a while after its first batch; return the last batch it told of."""
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(seconds)
        writer.send_signal(signal.SIGKILL)
        return int([first, *writer.stdout.readlines()][-1])


def test_after_kill_9_every_batch_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    """All keys of a batch carry one number: the last one told, or the one being written."""
    random = Random(1)
    before = 0
    for _ in range(8):
        told = write_until_killed(tmp_path / "store", seconds=random.uniform(0, 0.15))

        store = RocksStore(tmp_path / "store", LIMITS)
        numbers = {int((store.get(key) or b"").strip()) for key in KEYS}
        marks = [key for key, _ in store.scan(b"only")]
        store.close()

        assert told > before
        assert numbers in ({told}, {told + 1})
        assert marks == [b"only%d" % number for number in numbers]
        before = told
