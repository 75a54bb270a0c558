"""Unpacking: zlib's bytes with a bound, so that a few packed bytes never fill the memory."""

import zlib


def unpacked(packed: bytes, size_max: int) -> bytes:
    """Return what `zlib.compress` was given; ValueError for torn bytes, and for more than ``size_max``.

    >>> unpacked(zlib.compress(b"sums"), 4)
    b'sums'
    >>> unpacked(zlib.compress(b"sums"), 3)
    Traceback (most recent call last):
    ...
    ValueError: more than 3 bytes
    """
    engine = zlib.decompressobj()
    try:
        raw = engine.decompress(packed, size_max + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if len(raw) > size_max:
        raise ValueError(f"more than {size_max} bytes")
    if not engine.eof:
        raise ValueError("it ends in the middle")
    return raw
