"""An agent of learn or collect outlives a partition that was taken away in the middle of its batch."""

from __future__ import annotations

import asyncio

import pytest

from pipelines.faust_worker.app import answered


async def _good() -> None:
    await asyncio.sleep(0)


async def _bad() -> None:
    raise ValueError("no step: the partition was closed")


def test_whoever_waits_for_a_batch_is_told_how_it_went() -> None:
    """Its end, or its error."""

    async def both() -> None:
        loop = asyncio.get_running_loop()
        good, bad = loop.create_future(), loop.create_future()
        await answered(_good, good)
        await answered(_bad, bad)
        assert good.result() is None
        with pytest.raises(ValueError, match="the partition was closed"):
            bad.result()

    asyncio.run(both())


@pytest.mark.parametrize("work", [_good, _bad])
def test_a_batch_that_nobody_waits_for_any_more_does_not_end_the_agent(work: object) -> None:
    """The partition's task was cancelled, and with it the wait; setting a result then raises."""

    async def left() -> None:
        done = asyncio.get_running_loop().create_future()
        done.cancel()
        await answered(work, done)  # type: ignore[arg-type]

    asyncio.run(left())
