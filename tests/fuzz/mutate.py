"""Mutate: bytes that were right once, made wrong in the ways that parsers die of."""

from collections.abc import Sequence
from random import Random

SIZE_MAX = 1 << 18
TOKENS = (
    b"null", b"true", b"-1", b"-0", b"1e999", b"-1e999", b"NaN", b"Infinity", b"1e-400",
    b"9223372036854775808", b"18446744073709551616", b"0" * 400, b"9" * 5_000, b"0.1e1", b'""', b"{}",
    b"[]", b"{", b"}", b"[", b"]", b'"', b"'", b"\\", b",", b":", b";", b"\t", b"\n", b"\r\n", b"\r",
    b"\0", b"\x1f", b"\x7f", b"\x1b[2J", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xc0\x80",
    b"\xed\xa0\x80", b'"\\ud800"', b"\\u0000", b"\xe2\x80\xae", b"\xe2\x80\x8b", b"e\xcc\x81",
    b"\xc3\xa9", b"AAAA", b"=", b"..", b"../../etc/passwd", b"/", b"[" * 2_000, b'{"a":' * 2_000,
    b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08", b"x\x9c", b"2025-13-45T99:99:99Z", b"1970",
    b"\xca\xff\xff\xff\xff", b"\xdd\xff\xff\xff\xff", b"\xdf\x7f\xff\xff\xff", b"\xc6\x7f\xff\xff\xff",
    b"\x91" * 3_000,
)  # fmt: skip


def mutated(corpus: Sequence[bytes], random: Random) -> bytes:
    """Return one of the corpus, changed in one to five places; at most 256 KiB."""
    data = bytearray(random.choice(corpus))
    for _ in range(random.choice((1, 1, 1, 2, 3, 5))):
        at = random.randrange(len(data) + 1)
        end = min(at + random.choice((1, 1, 2, 4, 8, 64, 1_024)), len(data))
        match random.randrange(8):
            case 0 if data:  # one bit
                data[min(at, len(data) - 1)] ^= 1 << random.randrange(8)
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = random.choice(TOKENS)
            case 3:
                data[at:end] = random.choice(TOKENS)
            case 4:  # once more, or many times
                data[at:at] = bytes(data[at:end]) * random.choice((1, 1, 2, 50, 400))
            case 5:  # the end of another one
                other = random.choice(corpus)
                data[at:] = other[random.randrange(len(other) + 1) :]
            case 6 if random.random() < 0.3:  # it breaks off
                del data[at:]
            case 7:
                data[at:end] = random.randbytes(end - at)
            case _:  # a value for another value
                begin, until = _value(data, at)
                data[begin:until] = random.choice(TOKENS)
    return bytes(data[:SIZE_MAX])


def _value(data: bytearray, at: int) -> tuple[int, int]:
    """Return where the value behind the next colon or comma begins and ends."""
    begins = [
        place + 1 for place in (data.find(mark, at) for mark in (b":", b",", b"\t", b"=")) if place >= 0
    ]
    if not begins:
        return at, at
    begin = min(begins)
    ends = [
        place for place in (data.find(mark, begin) for mark in (b",", b"}", b"]", b"\n", b"\t")) if place >= 0
    ]
    return begin, min(ends, default=len(data))
