"""Examination: which slots of a slate the listener saw; only those are rows to learn from."""

from collections.abc import Callable, Collection


def cascade(slots: int, played: Collection[int], shown: int | None) -> int:  # noqa: ARG001
    """Slots are looked at from the top, down to the last one played; if none was played, all of them.

    Source: Craswell, Zoeter, Taylor & Ramsey (2008), "An experimental comparison of click
    position-bias models"; several plays as in Guo, Liu & Wang (2009), the dependent click model.

    >>> cascade(10, played=(0, 3), shown=None), cascade(10, played=(), shown=None)
    (4, 10)
    """
    return max(played) + 1 if played else slots


def everything(slots: int, played: Collection[int], shown: int | None) -> int:  # noqa: ARG001
    """The whole slate was in sight.

    >>> everything(10, played=(0,), shown=None)
    10
    """
    return slots


def as_shown(slots: int, played: Collection[int], shown: int | None) -> int:
    """As the client says, but at least down to the last slot played; as `cascade` if it does not say.

    >>> as_shown(10, played=(4,), shown=3), as_shown(10, played=(), shown=3)
    (5, 3)
    """
    if shown is None:
        return cascade(slots, played, shown)
    return min(slots, max(shown, *(slot + 1 for slot in played), 0))


EXAMINATIONS: dict[str, Callable[[int, Collection[int], int | None], int]] = {
    "cascade": cascade,
    "all": everything,
    "shown": as_shown,
}


def seen(rule: str, slots: int, played: Collection[int], shown: int | None = None) -> int:
    """Return how many slots, from the first on, a rule of `EXAMINATIONS` takes for seen.

    ``played`` are the slots whose tracks were played. Raises ValueError for a rule or a slot that does
    not exist.

    >>> seen("cascade", slots=10, played=(2,))
    3
    """
    if rule not in EXAMINATIONS:
        raise ValueError(f"examination is {rule!r}, expected one of {', '.join(EXAMINATIONS)}")
    for slot in played:
        if not 0 <= slot < slots:
            raise ValueError(
                f"slot {slot} was played, expected one of the slate's {slots} slots, counted from 0"
            )
    return EXAMINATIONS[rule](slots, played, shown)
