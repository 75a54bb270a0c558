"""Streams: a thousand at once without loss, resumed behind the last event, and never in the engine's way."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn

from pipelines.demo.town import Town
from pipelines.page.hub import Hub
from pipelines.page.serving import bind
from tests.page.conftest import make_town, standing

ALL = frozenset({"scores"})


async def read(hub: Hub, n: int, last_id: str | None = None, listener_id: str | None = None) -> list[str]:
    """The first n events that a stream gets."""
    texts: list[str] = []
    async for piece in hub.follow(ALL, listener_id, last_id):
        texts += piece.decode().strip().split("\n\n")
        if len(texts) >= n:
            break
    return texts


def test_a_stream_goes_on_behind_the_last_event_it_has() -> None:
    """A browser that comes back sends the id; what was published meanwhile comes first, once."""

    async def away_for_two() -> list[str]:
        hub = Hub("run")
        for number in range(5):
            hub.publish("scores", b"%d" % number)
        return await read(hub, 2, last_id="run-3")

    texts = asyncio.run(away_for_two())

    assert texts == ["id: run-4\nevent: scores\ndata: 3", "id: run-5\nevent: scores\ndata: 4"]


def test_after_a_restart_a_stream_begins_with_what_is_new() -> None:
    """Numbers of another run mean nothing here."""

    async def restarted() -> list[str]:
        hub = Hub("second")
        hub.publish("scores", b"old")
        reading = asyncio.create_task(read(hub, 1, last_id="first-1"))
        await asyncio.sleep(0)
        hub.publish("scores", b"new")
        return await reading

    assert asyncio.run(restarted()) == ["id: second-2\nevent: scores\ndata: new"]


def test_a_stream_of_one_listener_has_theirs_only() -> None:
    """And only the kinds of events that were asked for."""

    async def mixed() -> list[str]:
        hub = Hub("run")
        for name, whose in (("scores", "ann"), ("scores", "bob"), ("overview", None), ("scores", "ann")):
            hub.publish(name, b"x", whose)
        return await read(hub, 2, last_id="run-0", listener_id="ann")

    assert [text.split()[1] for text in asyncio.run(mixed())] == ["run-1", "run-4"]


def test_a_stream_that_falls_behind_is_told_how_much_it_missed() -> None:
    """The ring holds so many events and no more, whoever reads."""
    missed: list[int] = []

    async def overrun() -> list[str]:
        hub = Hub("run", ring=10, on_missed=missed.append)
        for number in range(1_000):
            hub.publish("scores", b"%d" % number)
        return await read(hub, 11, last_id="run-5")

    texts = asyncio.run(overrun())

    assert texts[0] == 'event: missed\ndata: {"events":985}'
    assert [text.rpartition(" ")[2] for text in texts[1:]] == [str(number) for number in range(990, 1_000)]
    assert missed == [985]


@contextmanager
def served(town: Town) -> Iterator[int]:
    """A town that stands still, behind a real server on a thread of its own; yields the port."""
    with bind("127.0.0.1", 0) as bound:
        server = uvicorn.Server(
            uvicorn.Config(standing(town), log_level="error", timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            yield bound.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


async def open_stream(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /v1/scores HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def post(port: int, path: str, record: dict[str, object]) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps(record).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
    )
    writer.write(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    answer = await reader.read()
    writer.close()
    return answer


def asked(town: Town, number: int) -> dict[str, object]:
    return {"request_id": f"r{number}", "listener_id": f"l{number % 7}", "at_ms": town.now_ms + number}


@pytest.mark.compiled
def test_a_thousand_streams_get_every_event_once() -> None:
    """What each reads is what was decided, in order."""
    streams, decisions = 1_000, 40

    async def follow_all(town: Town, port: int) -> list[list[str]]:
        opened = []
        for _ in range(0, streams, 50):
            opened += await asyncio.gather(*[open_stream(port) for _ in range(50)])
        while town.hub.streams < streams:  # noqa: ASYNC110  it is on another thread
            await asyncio.sleep(0.05)

        async def ids(reader: asyncio.StreamReader) -> list[str]:
            found: list[str] = []
            while len(found) < decisions:
                line = (await reader.readline()).decode()
                if line.startswith("id: "):
                    found.append(line.strip())
            return found

        reading = [asyncio.create_task(ids(reader)) for reader, _ in opened]
        for number in range(decisions):
            await post(port, "/v1/requests", asked(town, number))
        found = await asyncio.wait_for(asyncio.gather(*reading), 60)
        for _, writer in opened:
            writer.close()
        return found

    town = make_town()
    first = town.hub.newest + 1
    with served(town) as port:
        found = asyncio.run(follow_all(town, port))

    expected = [f"id: run-{number}" for number in range(first, first + decisions)]
    assert found == [expected] * streams


async def publish_cpu_s(hub: Hub, events: int) -> float:
    """CPU seconds that publishing takes, with turns for the streams between."""
    data, spent_s = b"x" * 1_500, 0.0
    for _ in range(events // 100):
        began_s = time.process_time()
        for _ in range(100):
            hub.publish("scores", data)
        spent_s += time.process_time() - began_s
        await asyncio.sleep(0.001)
    return spent_s


def test_clients_that_read_nothing_hold_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """With ten clients whose buffers are full publishing costs what it always does; then they are let go."""
    monkeypatch.setattr("pipelines.page.app.SEND_S", 1.0)
    town = make_town()

    async def compare() -> tuple[float, float]:
        with bind("127.0.0.1", 0) as bound:
            config = uvicorn.Config(standing(town), log_level="critical", timeout_graceful_shutdown=1)
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve(sockets=[bound]))
            alone_s = await publish_cpu_s(town.hub, 20_000)
            stuck = [await open_stream(bound.getsockname()[1]) for _ in range(10)]
            for reader, _ in stuck:
                reader._transport.pause_reading()  # type: ignore[attr-defined]
            beside_s = await publish_cpu_s(town.hub, 20_000)
            async with asyncio.timeout(30):
                while town.hub.streams:  # noqa: ASYNC110  until the server has closed them
                    await asyncio.sleep(0.05)
            for _, writer in stuck:
                writer.transport.abort()
            server.should_exit = True
            await serving
            return alone_s, beside_s

    alone_s, beside_s = asyncio.run(compare())

    assert beside_s < 3 * alone_s + 0.05
