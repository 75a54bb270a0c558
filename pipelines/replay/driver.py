"""Driver: reads a log, runs the engine over it, writes what the topics would carry, and counts.

All of replay's I/O is here and in the files it opens. Predict, then learn: a play is ranked by the
newest scores of its listener before the engine hears of it.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from time import perf_counter

import numpy as np

from features.listener.plays import LATENESS_MS
from pipelines.decide import whole_decision
from pipelines.importers import Entry, read_log, read_tracks, sniff
from pipelines.replay import checkpoint
from pipelines.replay.engine import Engine
from pipelines.replay.options import Options
from pipelines.replay.outputs import Outputs
from pipelines.replay.predictions import Predictions
from pipelines.serve import Transition
from pipelines.settings import Settings
from pipelines.views import Views
from state.rocks import open_store
from topics.codec import encode_line
from topics.dead_letter import DeadLetter, Rejected
from topics.erasure import Erasure
from topics.ids import key_of, name_of
from topics.play import Play
from topics.request import Request
from topics.track import Track

Progress = Callable[[int, int | None], None]  # (plays so far, plays in all if known)
HASH_RANGE = float(2**64)
FORGET_PLAYS = 20_000  # how often offers of closed sessions are dropped


class Replay:
    """One run over one log; `run` does all and returns the summary."""

    def __init__(self, options: Options, settings: Settings) -> None:
        self.options = options
        self.settings = settings
        self.store = open_store(options.state)
        views = None if options.views is None else pinned_views(options, settings)
        self.engine = Engine(
            settings, self.store, views, view_lag=options.view_lag, durable=options.state is not None
        )
        self.engine.learning = views is None
        self.run_name = options.digest(settings.model_dump_json())
        self.dead_letters: Counter[str] = Counter()
        self.listed: list[int] = []  # catalogue entries since the last checkpoint
        self.offset = -1
        self.seconds = 0.0
        self.total = self._count_plays() if options.needs_length else None
        self.predictions = Predictions(options, self.engine, self.total)
        self.learn_until = options.learn_until
        if self.learn_until is not None and self.total is not None:
            self.learn_until = self.learn_until.after_plays(self.total)
        done = self._resumed()
        self.outputs = Outputs(options.outputs(), None if done is None else done.lengths)
        # Our own lines stand in log order, whatever their times; other formats come in event-time order.
        self.in_event_time = options.log != "-" and sniff_format(options) != "jsonl"

    def run(self, progress: Progress = lambda plays, total: None) -> dict[str, object]:
        """Replay the log and return the summary, as JSON has it."""
        options, engine = self.options, self.engine
        if options.tracks is not None and self.offset < 0:
            for entry in read_tracks(options.tracks):
                self._take(entry)
        start = perf_counter()
        next_checkpoint = engine.plays + options.checkpoint_plays
        for entry in self._entries():
            if entry.offset <= self.offset:
                continue
            self._take(entry)
            self.offset = entry.offset
            if engine.plays >= next_checkpoint:
                next_checkpoint = engine.plays + options.checkpoint_plays
                self._checkpoint(finished=False)
                progress(engine.plays, self.total)
        for done in engine.finish():
            self._emit(done)
        self.seconds = perf_counter() - start
        self._checkpoint(finished=True)
        progress(engine.plays, engine.plays)
        self.outputs.close()
        summary = self._summary()
        self.store.close()
        return summary

    def _entries(self) -> Iterator[Entry]:
        options = self.options
        entries = read_log(options.log, format=options.format, columns=options.columns)
        for entry in islice(entries, options.limit):
            if options.until_ms is not None and getattr(entry.record, "at_ms", 0) > options.until_ms:
                return
            yield entry

    def _take(self, entry: Entry) -> None:
        record = entry.record
        if isinstance(record, Play | Request):
            self._serve(record, entry)
        elif isinstance(record, Track):
            self.listed.append(self.engine.views.table.list_track(record))
        elif isinstance(record, DeadLetter):
            self._bury(record)
        elif isinstance(record, Erasure):
            self.engine.counts["erasure_ignored"] += 1

    def _serve(self, record: Play | Request, entry: Entry) -> None:
        engine = self.engine
        log_ms = entry.received_ms
        if log_ms is None and self.in_event_time:
            log_ms = record.at_ms
        if log_ms is not None:
            for done in engine.fire_due(log_ms):
                self._emit(done)
            if engine.plays % FORGET_PLAYS == FORGET_PLAYS - 1:
                self.predictions.forget_before(log_ms - self.settings.sessions.gap_ms - LATENESS_MS)
        if self.learn_until is not None and self.learn_until.reached(engine.plays, record.at_ms):
            engine.learning = False
        try:
            if isinstance(record, Play):
                self._ask_for_opener(record, entry.received_ms)
            asked = self.predictions.of(record.listener_id)
            done = engine.take(record, entry.received_ms)
        except Rejected as rejected:
            self._bury(
                DeadLetter(
                    rejected.reason,
                    rejected.detail,
                    self.options.log,
                    entry.offset,
                    encode_line(record),
                    field=rejected.field,
                )  # fmt: skip
            )
            return
        self._emit(done)
        self.predictions.observe(record, asked, done)

    def _ask_for_opener(self, play: Play, received_ms: int | None) -> None:
        """Ask first, as a player would, when a play opens a session."""
        state = self.engine.listeners.get(play.listener_id)
        if state is not None and play.started_ms - state.newest_ms <= self.settings.sessions.gap_ms:
            return
        request = Request(name_of("opener", play.event_id), play.listener_id, play.started_ms, play.surface)
        done = self.engine.take(request, received_ms)
        self._emit(done)
        self.predictions.remember(play.listener_id, done, opener=True)

    def _emit(self, done: Transition) -> None:
        for earned in done.earned:
            self.predictions.quality.add_reward(earned)
        if self.outputs.wants("feedback"):
            for feedback in done.feedback:
                self.outputs.write("feedback", feedback)
        if done.decided is None:
            return
        self.outputs.write("scores", done.decided.scores)
        if self.outputs.wants("decisions"):
            share = self.settings.slates.decisions_share
            if key_of(done.decided.scores.listener_id) < share * HASH_RANGE:
                self.outputs.write("decisions", whole_decision(done.decided, self.engine.views))

    def _bury(self, letter: DeadLetter) -> None:
        self.dead_letters[letter.reason] += 1
        self.outputs.write("dead-letters", letter)

    def _count_plays(self) -> int:
        if self.options.log == "-":
            raise ValueError("a share of the plays needs a file: from stdin give a time instead")
        return sum(isinstance(entry.record, Play) for entry in self._entries())

    def _resumed(self) -> checkpoint.Progress | None:
        done = checkpoint.read_progress(self.store)
        if done is None:
            return None
        if done.run != self.run_name:
            raise ValueError(
                f"{self.options.state} belongs to another run (log, settings or options differ); resume with the "
                "same ones, or start with an empty state directory"
            )
        checkpoint.restore(self.engine, self.store, done)
        self.predictions.restore(self.store)
        self.offset = done.offset
        self.dead_letters.update(done.dead_letters)
        return done

    def _checkpoint(self, *, finished: bool) -> None:
        if self.options.state is None:
            return
        engine = self.engine
        lengths = self.outputs.lengths()
        done = checkpoint.progress_of(
            engine, self.run_name, self.offset, lengths, self.dead_letters, finished=finished
        )
        changes = checkpoint.changes_of(engine, done, self.listed)
        changes.update(self.predictions.changes())
        self.store.write(changes)
        self.listed.clear()

    def _summary(self) -> dict[str, object]:
        engine = self.engine
        return {
            "plays": engine.plays,
            "listeners": engine.met,
            "tracks": int(np.count_nonzero(engine.views.table.tracks["known"])),
            "seconds": round(self.seconds, 3),
            "plays_per_s": round(engine.plays / self.seconds, 1) if self.seconds else 0.0,
            "counts": dict(sorted(engine.counts.items())),
            "dead_letters": dict(sorted(self.dead_letters.items())),
            "policy": self.settings.policy.name,
            "versions": engine.learner.version,
            **self.predictions.summary(),
        }


def pinned_views(options: Options, settings: Settings) -> Views:
    """Return the views in a state directory; they will not move during the run."""
    store = open_store(options.views)
    done = checkpoint.read_progress(store)
    if done is None:
        store.close()
        raise ValueError(f"{options.views} holds no replay's state: make it with --state first")
    views = Views(settings)
    checkpoint.restore_views(views, store, done, settings)
    store.close()
    return views


def sniff_format(options: Options) -> str:
    """Return the format of the log, found out where it is ``auto``."""
    return sniff(options.log) if options.format == "auto" else options.format
