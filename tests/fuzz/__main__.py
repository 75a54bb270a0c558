"""`make fuzz`: a million cases over every parser: no crash, no hang above 1 s, no memory above 256 MiB."""

import argparse
import sys

from tests.fuzz.parsers import parsers
from tests.fuzz.run import Told, case_of, fuzz, guarded, one


def main() -> int:
    """Run what the command line asks for; return 0 if nothing was found."""
    options = _options()
    known = parsers()
    chosen = [known[name] for name in ([options.parser] if options.parser else known)]
    if options.case is not None:
        (parser,) = chosen
        data = case_of(parser, options.case)
        print(f"{parser.name}, case {options.case}, {len(data):,} bytes: {data[:2_000]!r}")
        guarded(parser)
        print(one(parser, data) or "read")
        return 0
    weights = sum(parser.weight for parser in chosen)
    found, cases, seconds = 0, 0, 0.0
    print(f"{'parser':<26}{'cases':>10}{'refused':>9}{'a second':>10}{'slowest':>10}{'memory':>9}")
    for parser in chosen:
        told = fuzz(parser, options.first, -(-int(options.cases * parser.weight) // int(weights or 1)))
        print(_row(told), flush=True)
        for case, wrong in told.findings:
            print(f"  FOUND: {wrong}; again: python -m tests.fuzz --parser '{told.parser}' --case {case}")
        found, cases, seconds = found + len(told.findings), cases + told.cases, seconds + told.seconds
    print(f"{cases:,} cases of {len(chosen)} parsers in {seconds:,.0f} s of CPU: {found or 'no'} findings")
    return bool(found)


def _row(told: Told) -> str:
    a_second = told.cases / told.seconds if told.seconds else 0.0
    share = told.refused / max(told.cases, 1)
    return (
        f"{told.parser:<26}{told.cases:>10,}{share:>9.0%}{a_second:>10,.0f}"
        f"{told.slowest_s * 1_000:>7,.0f} ms{told.peak_bytes >> 20:>5,} MiB"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000, help="in all (default a million)")
    parser.add_argument("--first", type=int, default=0, help="the first case's number")
    parser.add_argument("--parser", choices=sorted(parsers()), help="only this one")
    parser.add_argument("--case", type=int, help="only this one, which is shown")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
