"""Peers: what reading plays costs others: a plain aiokafka loop in transactions, an empty Faust agent."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from pipelines.kafka.topics import topics_of
from pipelines.settings import Settings
from tests.bench.live.deployment import PLAYS
from tests.jars import ROOT

BATCH = 500

AGENT = """
import os, sys, time, asyncio, uvloop, faust
from faust.worker import Worker
broker, topic, plays = sys.argv[1], sys.argv[2], int(sys.argv[3])
app = faust.App("bench-agent-" + topic, broker="kafka://" + broker, stream_buffer_maxsize=65536,
                web_enabled=False, topic_disable_leader=True, datadir=sys.argv[4])
source = app.topic(topic, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
count, began = 0, 0.0
@app.agent(source)
async def read(stream):
    global count, began
    async for events in stream.noack_take(500, within=0.05):
        began = began or time.process_time()
        count += len(events)
        for event in events:
            event.ack()
        if count >= plays:
            print(time.process_time() - began, flush=True)
            os._exit(0)
loop = uvloop.new_event_loop()
asyncio.set_event_loop(loop)
Worker(app, loop=loop, loglevel="error", redirect_stdouts=False).execute_from_commandline()
"""


async def plain_loop_s(settings: Settings, size: int, turn: int) -> float:
    """Return the CPU seconds of a loop that reads all plays and writes ``size`` bytes for each."""
    topics = topics_of(settings.kafka)
    place = TopicPartition(topics["listener-events"].name, 0)
    places = [TopicPartition(place.topic, p) for p in range(topics["listener-events"].partitions)]
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka.bootstrap)
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka.bootstrap, transactional_id=f"plain-{turn}",
        max_batch_size=1 << 20, max_request_size=8 << 20,
    )  # fmt: skip
    await consumer.start()
    await producer.start()
    consumer.assign(places)
    await consumer.seek_to_beginning()
    value, left, before = b"x" * size, PLAYS, time.process_time()
    while left > 0:
        batches = await consumer.getmany(timeout_ms=200, max_records=BATCH)
        async with producer.transaction():
            for at, records in batches.items():
                batch, sent = producer.create_batch(), []
                for record in records:
                    if batch.append(timestamp=None, key=record.key, value=value) is None:
                        sent.append(await producer.send_batch(batch, topics["scores"].name, partition=at[1]))
                        batch = producer.create_batch()
                        batch.append(timestamp=None, key=record.key, value=value)
                sent.append(await producer.send_batch(batch, topics["scores"].name, partition=at[1]))
                await asyncio.gather(*sent)
                left -= len(records)
    took = time.process_time() - before
    await producer.stop()
    await consumer.stop()
    return took


def faust_agent_s(settings: Settings) -> float:
    """Return the CPU seconds of a Faust agent that reads all plays, from its first batch on."""
    topic = topics_of(settings.kafka)["listener-events"].name
    command = [sys.executable, "-c", AGENT, settings.kafka.bootstrap, topic, str(PLAYS)]
    done = subprocess.run(
        [*command, f"{settings.worker.state}-agent"], capture_output=True, check=True, text=True, cwd=ROOT,
        timeout=300,
    )  # fmt: skip
    return float(done.stdout.split()[-1])
