"""Loop: an asyncio event loop in virtual time, on which processes can be killed, paused and woken."""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import warnings
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any


class Process:
    """What dies together: its tasks, and nothing else. A dead process is never run again."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.paused = False
        self.backlog: list[asyncio.Handle] = []  # what became due while it was paused
        self.tasks: dict[asyncio.Task[Any], None] = {}


PROCESS: contextvars.ContextVar[Process | None] = contextvars.ContextVar("process", default=None)


class Stalled(RuntimeError):
    """Nothing is due any more, and what was waited for has not come."""


_Loop: Any = asyncio.AbstractEventLoop  # a tenth of its methods is all that is called here


class VirtualLoop(_Loop):  # type: ignore[misc]
    """Runs what is ready in the order it became so; when nothing is, time jumps to the next timer.

    Callbacks belong to the process of their context. So the same calls in the same order give the same
    run, and an hour of waiting costs nothing.
    """

    def __init__(self) -> None:
        self._now_s = 0.0
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._count = 0
        self._processes: list[Process] = []
        self._left: list[asyncio.Task[Any]] = []  # tasks of nobody, made while the dead are closed
        self.steps = 0
        self.nobody = contextvars.Context()  # of what belongs to the world, not to a process
        self.errors: list[str] = []  # what escaped from callbacks: always a fault of somebody

    # -------------------------------------------------------------- processes

    def start(self, process: Process, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a coroutine, and all tasks that come of it, as a process."""
        self._processes.append(process)
        context = contextvars.copy_context()
        context.run(PROCESS.set, process)
        return self.create_task(work, context=context)

    def kill(self, process: Process) -> None:
        """Let a process end where it is: nothing of it runs any more, not even what is in ``finally``."""
        process.alive = False
        process.backlog.clear()

    def pause(self, process: Process) -> None:
        """Stop a process where it is, as SIGSTOP does."""
        process.paused = True

    def wake(self, process: Process) -> None:
        """Let a paused process go on; all its timers that have passed are due now."""
        process.paused = False
        if process.alive:
            self._ready.extend(process.backlog)
        process.backlog.clear()

    # -------------------------------------------------------------- running

    def run_until(self, done: Callable[[], bool], until_s: float) -> bool:
        """Run until ``done`` says so or until a moment; return whether it did."""
        events._set_running_loop(self)
        try:
            while not done():
                if not self._step(until_s):
                    return done()
        finally:
            events._set_running_loop(None)
        return True

    def close(self) -> None:
        """Close what the dead left in the middle of its work, quietly."""
        events._set_running_loop(self)
        try:
            for process in self._processes:
                process.alive = False
                self._left.extend(process.tasks)
                process.tasks.clear()
            while self._left:  # what is in ``finally`` may make more
                _close(self._left.pop())
        finally:
            events._set_running_loop(None)
            self._ready.clear()
            self._timers.clear()

    def _step(self, until_s: float) -> bool:
        if not self._ready:
            while self._timers and self._timers[0][2]._cancelled:
                heapq.heappop(self._timers)
            if not self._timers or self._timers[0][0] > until_s:
                self._now_s = max(self._now_s, until_s)
                return False
            when, _, timer = heapq.heappop(self._timers)
            self._now_s = max(self._now_s, when)
            self._ready.append(timer)
        handle = self._ready.popleft()
        if handle._cancelled:
            return True
        process = handle._context.get(PROCESS)  # type: ignore[attr-defined]
        if process is not None:
            if not process.alive:
                return True
            if process.paused:
                process.backlog.append(handle)
                return True
        self.steps += 1
        handle._run()
        return True

    # -------------------------------------------------------------- what asyncio asks of a loop

    def time(self) -> float:
        return self._now_s

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: Any, *, name: str | None = None, context: contextvars.Context | None = None
    ) -> asyncio.Task[Any]:
        context = context or contextvars.copy_context()
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self, name=name, context=context)
        process = context.get(PROCESS)
        if process is None:
            self._left.append(task)
        else:
            process.tasks[task] = None
            task.add_done_callback(lambda done: process.tasks.pop(done, None), context=self.nobody)
        return task

    def call_soon(
        self, callback: Any, *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_at(
        self, when: float, callback: Any, *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        self._count += 1
        heapq.heappush(self._timers, (when, self._count, timer))
        return timer

    def call_later(
        self, delay: float, callback: Any, *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now_s + max(delay, 0), callback, *args, context=context)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        pass

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        message = str(context.get("message"))
        if "never retrieved" in message or "was destroyed" in message:
            return  # whether anybody looks is up to the collector of garbage
        with suppress(Exception):
            self.errors.append(f"{message}: {context.get('exception')!r}")


def _close(task: asyncio.Task[Any]) -> None:
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    coroutine: Any = task.get_coro()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of coroutines that the dead did not come to await
        for _ in range(8):  # each `finally` that waits for something takes one more
            try:
                coroutine.close()
            except BaseException:  # noqa: BLE001  the dead may say what they want
                continue
            return
