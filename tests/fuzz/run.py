"""Run: many cases of one parser in a process of its own, which may not crash, hang, or fill the memory."""

import mmap
import multiprocessing
import os
import resource
import signal
import sys
import time
import traceback
from random import Random
from types import FrameType
from typing import Any

from msgspec import Struct

from tests.fuzz.mutate import mutated
from tests.fuzz.parsers import Parser

HANG_S = 1.0  # of CPU, for one case
DEAD_S = 120.0  # without an answer from a process, whatever it waits for
MEMORY_MAX = 256 << 20  # bytes beside what the interpreter and the corpus take
FINDINGS_MAX = 5


class Told(Struct):
    """What came of a parser's cases."""

    parser: str
    cases: int = 0
    refused: int = 0
    seconds: float = 0.0  # of CPU
    slowest_s: float = 0.0
    peak_bytes: int = 0  # of memory, beside what the process began with
    findings: list[tuple[int, str]] = []  # (case, what went wrong)


class Hang(BaseException):
    """A case took too long; no `except Exception` of a parser swallows it."""


def case_of(parser: Parser, number: int) -> bytes:
    """Return one case: the same bytes for the same number."""
    return mutated(parser.corpus, Random(number))


def fuzz(parser: Parser, first: int, cases: int) -> Told:
    """Run cases in a child process; its death is a finding, too."""
    context = multiprocessing.get_context("fork")
    place = mmap.mmap(-1, 8)
    mine, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_run, args=(parser, first, cases, place, theirs))
    child.start()
    theirs.close()
    told, seen, since = None, -1, time.monotonic()
    while told is None:
        if mine.poll(1.0):
            try:
                told = mine.recv()
            except EOFError:
                break
        now_at = int.from_bytes(place[:8], "little")
        if now_at != seen:
            seen, since = now_at, time.monotonic()
        elif time.monotonic() - since > DEAD_S:
            child.kill()
            break
    child.join()
    if told is None:
        at = int.from_bytes(place[:8], "little")
        told = Told(parser.name, at - first, findings=[(at, f"the process died (exit {child.exitcode})")])
    return told


def one(parser: Parser, data: bytes) -> str:
    """Return what is wrong with reading some bytes, "" if nothing is, "refused" if they were refused."""
    signal.setitimer(signal.ITIMER_PROF, HANG_S)
    try:
        parser.read(data)
    except parser.refuses:
        return "refused"
    except Hang:
        return f"it took more than {HANG_S} s"
    except MemoryError:
        return f"it wanted more than {MEMORY_MAX >> 20} MiB"
    except BaseException as error:  # noqa: BLE001  that is what is looked for
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {str(error)[:200]} ({frame.filename}:{frame.lineno})"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return ""


def guarded(parser: Parser) -> int:
    """Read the corpus, so that all is compiled and loaded; then forbid more memory; return what is taken."""
    signal.signal(signal.SIGPROF, _late)
    for data in parser.corpus:
        parser.read(data)
    taken = _address_space()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY_MAX, resource.RLIM_INFINITY))
    return taken


def _late(number: int, frame: FrameType | None) -> None:
    raise Hang


def _address_space() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _run(parser: Parser, first: int, cases: int, place: mmap.mmap, pipe: Any) -> None:
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115  warnings of rows nobody meant
    guarded(parser)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told = Told(parser.name, findings=[])
    began_s = time.process_time()
    for number in range(first, first + cases):
        place[:8] = number.to_bytes(8, "little")
        data = case_of(parser, number)
        at_s = time.process_time()
        wrong = one(parser, data)
        took_s = time.process_time() - at_s
        told.slowest_s = max(told.slowest_s, took_s)
        told.cases += 1
        told.refused += wrong == "refused"
        if took_s > HANG_S and wrong in {"", "refused"}:
            wrong = f"it took {took_s:.1f} s"
        if wrong not in {"", "refused"}:
            told.findings.append((number, wrong))
            if len(told.findings) >= FINDINGS_MAX:
                break
    told.seconds = time.process_time() - began_s
    told.peak_bytes = max(0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) * 1_024
    pipe.send(told)
