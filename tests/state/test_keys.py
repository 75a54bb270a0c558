"""Keys: a family in front of a name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.keys import key, prefix, split

families = st.from_regex(r"[a-z0-9][a-z0-9_-]*", fullmatch=True)


@given(family=families, name=st.binary() | st.text())
def test_a_key_splits_into_what_it_was_made_of(family: str, name: bytes | str) -> None:
    """Family and name come back, whatever the name holds."""
    expected = name if isinstance(name, bytes) else name.encode()

    assert split(key(family, name)) == (family, expected)


@given(one=families, other=families, name=st.binary())
def test_no_key_of_one_family_begins_like_another_family(one: str, other: str, name: bytes) -> None:
    """A scan of a family's prefix finds that family alone, even where names of families nest."""
    assert key(one, name).startswith(prefix(other)) == (one == other)


@pytest.mark.parametrize("family", ["", "a/b", "é", "a b", "-"])
def test_a_family_that_could_be_mistaken_is_refused(family: str) -> None:
    """A family is plain ASCII without the separator."""
    with pytest.raises(ValueError, match=r'^family is .*, expected ASCII letters, digits, "-" and "_"'):
        prefix(family)
