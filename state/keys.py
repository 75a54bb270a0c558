"""Keys: a family in front of a name, so that one store holds several kinds of values."""

SEPARATOR = b"/"


def prefix(family: str) -> bytes:
    """Return what all keys of a family, and no others, begin with.

    >>> prefix("listener")
    b'listener/'
    >>> prefix("a/b")
    Traceback (most recent call last):
    ...
    ValueError: family is 'a/b', expected ASCII letters, digits, "-" and "_":
    one family's keys must not look like another's
    """
    if not family.isascii() or not family.replace("-", "").replace("_", "").isalnum():
        raise ValueError(
            f'family is {family!r}, expected ASCII letters, digits, "-" and "_": '
            "one family's keys must not look like another's"
        )
    return family.encode() + SEPARATOR


def key(family: str, name: str | bytes) -> bytes:
    r"""Return the key of one name in a family; names may hold any character.

    >>> key("listener", "ann/é")
    b'listener/ann/\xc3\xa9'
    """
    return prefix(family) + (name.encode() if isinstance(name, str) else name)


def split(stored: bytes) -> tuple[str, bytes]:
    """Return the family and the name of a key made by `key`.

    >>> split(b"listener/ann/bob")
    ('listener', b'ann/bob')
    """
    family, _, name = stored.partition(SEPARATOR)
    return family.decode(), name
