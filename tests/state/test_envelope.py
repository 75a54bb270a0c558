"""The version byte in front of stored values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.envelope import VERSION_MAX, Upgrade, seal, unseal
from state.store import StoreError


@given(body=st.binary(), version=st.integers(0, VERSION_MAX))
def test_what_is_sealed_comes_back_under_the_same_version(body: bytes, version: int) -> None:
    """Sealing and unsealing give the body unchanged, whatever its bytes."""
    assert unseal(seal(version, body), version) == body


@given(body=st.binary(), written=st.integers(1, 4))
def test_an_older_value_passes_every_upgrade_between_once_and_in_order(body: bytes, written: int) -> None:
    """Version 4 reads what 1, 2 and 3 wrote: each step is applied once, the oldest first."""
    upgrades = {1: lambda b: b + b"1", 2: lambda b: b + b"2", 3: lambda b: b + b"3"}

    upgraded = unseal(seal(written, body), 4, upgrades)

    assert upgraded == body + b"123"[written - 1 :]


@pytest.mark.parametrize(
    ("value", "upgrades", "fault", "message"),
    [
        (
            b"\x09body",
            {},
            "newer",
            "the facts of track 't1' has version 9, this segue reads only 3; a newer segue wrote it: "
            "run that one, or start with an empty state directory",
        ),
        (
            b"\x01body",
            {2: bytes.upper},
            "foreign",
            "the facts of track 't1' has version 1, this segue reads 2 to 3; an older segue wrote it: "
            "run that one, or start with an empty state directory",
        ),
        (
            b"\x01body",
            {1: bytes.upper},  # nothing leads from 2 to 3
            "foreign",
            "the facts of track 't1' has version 1, this segue reads only 3; an older segue wrote it: "
            "run that one, or start with an empty state directory",
        ),
        (
            b"",
            {},
            "torn",
            "the facts of track 't1' is empty, expected a version byte; start with an empty state directory",
        ),
    ],
)
def test_a_version_that_cannot_be_read_is_refused_with_both_numbers_and_the_way_out(
    value: bytes, upgrades: dict[int, Upgrade], fault: str, message: str
) -> None:
    """The error names the value, its version, the versions we read, and what to do."""
    with pytest.raises(StoreError) as caught:
        unseal(value, 3, upgrades, what="the facts of track 't1'")

    assert str(caught.value) == message
    assert caught.value.fault == fault


@pytest.mark.parametrize("version", [-1, 256])
def test_a_version_that_is_no_byte_cannot_be_sealed(version: int) -> None:
    """Versions are one byte."""
    with pytest.raises(ValueError, match="range"):
        seal(version, b"")
