"""Services: what Faust starts and stops of a worker: its intakes and its reader of views."""

from typing import Any

from faust import Service

from pipelines.faust_worker.intake import HINT_S, Intake
from pipelines.faust_worker.views_reader import ViewsReader


class IntakeService(Service):
    """Runs one step's intake."""

    def __init__(self, intake: Intake, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._intake = intake

    @Service.task
    async def _read(self) -> None:
        if self._intake.ready is not None:
            await self.wait(self._intake.ready.wait())  # or until the worker stops
        if not self.should_stop:
            await self._intake.run()

    @Service.timer(HINT_S)
    async def _hint(self) -> None:
        await self._intake.hint()

    async def on_stop(self) -> None:
        """Let every partition finish its batch."""
        await self._intake.end()


class ViewsService(Service):
    """Runs the reader of views until the worker stops."""

    def __init__(self, reader: ViewsReader, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._reader = reader

    @Service.task
    async def _read(self) -> None:
        await self.wait(self._reader.run())
