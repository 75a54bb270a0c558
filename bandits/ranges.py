"""Ranges: a struct's own field annotations, enforced when it is made by hand and not only when decoded."""

from functools import cache

from msgspec import Struct, inspect

Bounds = tuple[str, float | None, float | None, float | None, float | None, str]


@cache
def _bounds_of(kind: type[Struct]) -> tuple[Bounds, ...]:
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    found = []
    for field in info.fields:
        way_out = ""
        kind_of = field.type
        if isinstance(kind_of, inspect.Metadata):
            way_out = (kind_of.extra or {}).get("otherwise", "")
            kind_of = kind_of.type
        if isinstance(kind_of, inspect.FloatType | inspect.IntType):
            found.append((field.name, kind_of.gt, kind_of.ge, kind_of.lt, kind_of.le, way_out))
    return tuple(found)


def check_ranges(struct: Struct) -> None:
    """Raise ValueError if a number of this struct is outside the range that its annotation states.

    ``Meta(extra={"otherwise": …})`` says what would go wrong, and what to try.

    >>> from typing import Annotated
    >>> from msgspec import Meta
    >>> class Coin(Struct):
    ...     bias: Annotated[float, Meta(gt=0, le=1, extra={"otherwise": "it would never fall; try 0.5"})]
    >>> check_ranges(Coin(bias=0.0))
    Traceback (most recent call last):
    ...
    ValueError: bias must be in (0, 1], got 0.0: it would never fall; try 0.5
    """
    for name, gt, ge, lt, le, way_out in _bounds_of(type(struct)):
        value = getattr(struct, name)
        low = (gt is None or value > gt) and (ge is None or value >= ge)
        high = (lt is None or value < lt) and (le is None or value <= le)
        if not (low and high and abs(value) < float("inf")):
            left = f"({gt:g}" if gt is not None else f"[{ge:g}" if ge is not None else "(-inf"
            right = f"{lt:g})" if lt is not None else f"{le:g}]" if le is not None else "inf)"
            reason = f": {way_out}" if way_out else ""
            raise ValueError(f"{name} must be in {left}, {right}, got {value}{reason}")
