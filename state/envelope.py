"""Envelope: the version byte in front of every stored value, and how a newer version reads an older."""

from collections.abc import Callable, Mapping

from state.store import StoreError

Upgrade = Callable[[bytes], bytes]
"""Turns a body of one version into a body of the next."""

VERSION_MAX = 255


def seal(version: int, body: bytes) -> bytes:
    r"""Return the body behind its version byte; version in [0, 255].

    >>> seal(2, b"ann")
    b'\x02ann'
    """
    return bytes((version,)) + body


def unseal(
    value: bytes, version: int, upgrades: Mapping[int, Upgrade] | None = None, what: str = "a stored value"
) -> bytes:
    r"""Return the body as this version knows it, upgraded step by step if an older one wrote it.

    ``upgrades[v]`` turns a body of version v into one of v + 1; ``what`` names the value in errors.

    >>> unseal(b"\x02ann", 2)
    b'ann'
    >>> unseal(b"\x01ann", 3, {1: bytes.upper, 2: lambda body: body + b"!"})
    b'ANN!'
    >>> unseal(b"\x04ann", 3, {2: bytes.upper}, what="the state of listener 'ann'")
    Traceback (most recent call last):
    ...
    state.store.StoreError: the state of listener 'ann' has version 4, this segue reads 2 to 3;
    a newer segue wrote it: run that one, or start with an empty state directory
    """
    if not value:
        raise StoreError(
            "torn", f"{what} is empty, expected a version byte; start with an empty state directory"
        )
    found, body = value[0], value[1:]
    upgrades = upgrades or {}
    oldest = version
    while oldest - 1 in upgrades:
        oldest -= 1
    if not oldest <= found <= version:
        reads = f"{oldest} to {version}" if oldest < version else f"only {version}"
        whose = "a newer" if found > version else "an older"
        raise StoreError(
            "newer" if found > version else "foreign",
            f"{what} has version {found}, this segue reads {reads}; {whose} segue wrote it: "
            "run that one, or start with an empty state directory",
        )
    for step in range(found, version):
        body = upgrades[step](body)
    return body
