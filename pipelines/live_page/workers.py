"""Workers: what is kept of a listener, asked of the worker that has their partition."""

from types import TracebackType
from typing import Self
from urllib.parse import quote

import aiohttp
import msgspec
from aiokafka.errors import KafkaError
from yarl import URL

from pipelines.faust_worker.web import AS, STORED, KeptListener
from pipelines.kafka.owners import Owners, group_of, partition_of
from pipelines.kafka.topics import topics_of
from pipelines.page.problems import Problem
from pipelines.settings import Settings

ANSWER_S = 3.0
AGAIN = {"Retry-After": "1"}


class Workers:
    """An HTTP client of whichever workers there are; the group says where they answer."""

    def __init__(self, settings: Settings) -> None:
        events = topics_of(settings.kafka)["listener-events"]
        self._partitions = events.partitions
        self._owners = Owners(group_of("serve", settings), events.name, settings.kafka)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=ANSWER_S)
        self._session = aiohttp.ClientSession(timeout=timeout, trust_env=False)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        assert self._session is not None
        await self._session.close()

    async def kept(self, listener_id: str) -> KeptListener | None:
        """Return what is kept of a listener, None for somebody never met.

        Raises `Problem` (503) while nobody has their partition.
        """
        partition = partition_of(listener_id, self._partitions)
        try:
            owner = await self._owners.of(partition)
        except (KafkaError, OSError) as error:
            raise Problem(503, f"the workers' group cannot be asked: {error}", headers=AGAIN) from None
        if owner is None:
            detail = f"no worker has partition {partition}, that of listener {listener_id!r}: start one"
            raise Problem(503, detail, headers=AGAIN)
        status, body = await self._get(owner, listener_id)
        if status == 200:
            return msgspec.json.decode(body, type=KeptListener)
        if status == 404:
            return None
        self._owners.doubt()
        detail = f"the worker at {owner} cannot tell of listener {listener_id!r} at the moment"
        raise Problem(503, detail, headers=AGAIN)

    async def _get(self, owner: str, listener_id: str) -> tuple[int, bytes]:
        assert self._session is not None
        name = quote(listener_id, safe="").replace(".", "%2E")  # an id may be "..", or hold a slash
        url = URL(f"http://{owner}/listeners/{name}?{AS}={STORED}", encoded=True)
        try:
            async with self._session.get(url) as answer:
                return answer.status, await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            self._owners.doubt()
            detail = f"the worker at {owner} does not answer ({type(error).__name__})"
            raise Problem(503, detail, headers=AGAIN) from None
