"""Driver: reads a log, runs the engine over it, writes what the topics would carry, and counts.

All of replay's I/O is here and in the files it opens. Predict, then learn: a play is ranked by the
newest scores of its listener before the engine hears of it.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from time import perf_counter
from typing import Any

import numpy as np

from features.listener.plays import LATENESS_MS
from pipelines.decide import whole_decision
from pipelines.failures import Failures, last_line
from pipelines.importers import Entry, read_tracks
from pipelines.listener import Listener
from pipelines.pinned import pinned_views
from pipelines.replay import checkpoint
from pipelines.replay.engine import Engine
from pipelines.replay.identity import check_same, identity_of
from pipelines.replay.letters import letter_of
from pipelines.replay.log import count_plays, entries_after, mark_of
from pipelines.replay.options import STDIO, Options
from pipelines.replay.outputs import Outputs
from pipelines.replay.predictions import Predictions
from pipelines.replay.warm import WarmStart
from pipelines.replay.watch import Watch
from pipelines.serve import Transition
from pipelines.settings import Settings
from pipelines.state_directory import Progress as StateProgress
from pipelines.state_directory import read_progress
from state.rocks import open_store
from topics.codec import decode_line
from topics.dead_letter import DeadLetter, Rejected
from topics.erasure import Erasure
from topics.feedback import Feedback
from topics.ids import key_of, name_of
from topics.play import Play
from topics.request import Request
from topics.track import Track

Progress = Callable[[int, int | None], None]  # (plays so far, plays in all if known)
HASH_RANGE = float(2**64)
FORGET_PLAYS = 20_000  # how often offers of closed sessions are dropped
TOLD_PLAYS = 500  # how often progress is told


def silent(plays: int, total: int | None) -> None:
    """Tell nobody."""


class Interrupted(RuntimeError):
    """The run was asked to stop before the log's end; says what is kept."""


class Replay:
    """One run over one log; `run` does all and returns the summary.

    With ``count`` the log's plays are counted first, so that progress knows how many there are. Raises
    `WrongOptions` for what cannot be done as asked, before anything is written.
    """

    def __init__(
        self, options: Options, settings: Settings, *, count: bool = False, watch: Watch | None = None
    ) -> None:
        options.check()
        self.watch = watch
        self.options = options
        self.settings = settings
        self._open = ExitStack()
        try:
            self._begin(count=count)
        except BaseException:
            self._open.close()
            raise

    def _begin(self, *, count: bool) -> None:
        options, settings = self.options, self.settings
        views, views_mark = None, ""
        if options.views is not None:
            views, views_mark = pinned_views(options.views, settings)
        self.store = open_store(options.state)
        self._open.callback(self.store.close)
        warm = None if options.warm is None else WarmStart(options.warm, settings)
        durable = options.state is not None
        self.engine = Engine(settings, self.store, views, view_lag=options.view_lag, durable=durable)
        self.engine.learning = views is None
        self.total: int | None = None
        if options.needs_length or (count and options.log != STDIO):
            self.total = count_plays(options)
        counted = self.total if options.needs_length else None
        self.predictions = Predictions(options, self.engine, counted)
        self.predictions.watch = self.watch
        self.learn_until = options.learn_until
        if self.learn_until is not None and counted is not None:
            self.learn_until = self.learn_until.after_plays(counted)
        self.identity = identity_of(options, settings, counted, views_mark, "" if warm is None else warm.mark)
        self.dead_letters: Counter[str] = Counter()
        self.failures = Failures()
        self.erased = False  # somebody was, since the last checkpoint
        self.listed: list[int] = []  # catalogue entries since the last checkpoint
        self.offset = -1
        self.mark = ""  # of the record there
        done = self._resumed()
        if warm is not None and done is None:
            warm.begin(self.engine, self.store)
        self.outputs = Outputs(options.outputs(), None if done is None else done.lengths)
        self._open.callback(self.outputs.close)
        self.engine.retained = self._retained
        self.resumed_plays = self.engine.plays
        self.seconds = 0.0
        self.stopping = False

    def run(self, progress: Progress = silent) -> dict[str, Any]:
        """Replay the log and return the summary, as JSON has it."""
        with self._open:
            start = perf_counter()
            if self.options.tracks is not None and self.offset < 0:
                for entry in read_tracks(self.options.tracks):
                    self._take(entry)
            self._read(progress)
            # The state stays as of the last record, so that a log that has grown can be gone on with;
            # what the end of the log brings is done anew each time.
            for done in self.engine.finish():
                self._emit(done)
            self._bury_failed(self.offset)
            self.seconds = perf_counter() - start
            progress(self.engine.plays, self.engine.plays)
            return self._summary()

    def stop(self) -> None:
        """Let `run` end after the record it is at, with a checkpoint, by raising `Interrupted`.

        May be called at any moment: from a signal, or another thread. An exception raised there instead
        could hit a step in the middle of a record.
        """
        self.stopping = True

    def _read(self, progress: Progress) -> None:
        engine, every = self.engine, self.options.checkpoint_plays
        entry = None
        next_checkpoint, next_told = engine.plays + every, engine.plays
        for entry in entries_after(self.options, self.offset, self.mark):
            began_s = perf_counter()
            self._take(entry)
            if self.watch is not None:
                self.watch.took(perf_counter() - began_s)
            self.offset = entry.offset
            if engine.plays >= next_told:
                next_told = engine.plays + TOLD_PLAYS
                progress(engine.plays, self.total)
            if engine.plays >= next_checkpoint:
                next_checkpoint = engine.plays + every
                self._checkpoint(entry)
            if self.stopping:
                break
        self._checkpoint(entry)
        if self.stopping:
            kept = "nothing is kept for another run (--state DIR would keep it)"
            if self.options.state is not None:
                kept = "the same command goes on from there"
            raise Interrupted(f"interrupted after {engine.plays} plays; {kept}")

    def _take(self, entry: Entry) -> None:
        record = entry.record
        if isinstance(record, (Play, Request)):  # a union would be made anew for every record
            self._serve(record, entry)
        elif isinstance(record, Track):
            handle = self.engine.views.table.list_track(record)
            if self.engine.durable:
                self.listed.append(handle)
        elif isinstance(record, DeadLetter):
            self._bury(record)
        elif isinstance(record, Erasure):
            self._erase(record, entry)

    def _serve(self, record: Play | Request, entry: Entry) -> None:
        engine, predictions = self.engine, self.predictions
        log_ms = entry.received_ms
        if log_ms is None and entry.origin is None:
            log_ms = record.at_ms  # only our own lines have an origin; other formats come in event-time order
        if log_ms is not None:
            self._fire_due(log_ms)
        if self.learn_until is not None and self.learn_until.reached(engine.plays, record.at_ms):
            engine.learning = False
        state = engine.listeners.get(record.listener_id)
        opens = self._opens_session(record, state)
        if opens and isinstance(record, Play) and self.options.ask_openers:
            self._ask_for_opener(record, entry)
        asked = predictions.of(record.listener_id)
        try:
            done = engine.take(record, entry.received_ms)
        except Rejected as rejected:
            self.failures.in_a_row = 0
            self._bury(letter_of(record, entry, rejected.reason, rejected.detail, rejected.field))
            return
        except Exception as error:  # noqa: BLE001  DESIGN 8: one record's failure stops nobody else's
            self._failed(record, entry, error)
            return
        self.failures.in_a_row = 0
        predictions.observe(record, asked, done, opener=opens and isinstance(record, Request))
        self._emit(done)
        if engine.failed:
            self._bury_failed(entry.offset)

    def _fire_due(self, log_ms: int) -> None:
        for done in self.engine.fire_due(log_ms):
            self._emit(done)
        if self.options.ask_openers and self.engine.plays % FORGET_PLAYS == FORGET_PLAYS - 1:
            self.predictions.forget_before(log_ms - self.settings.sessions.gap_ms - LATENESS_MS)

    def _opens_session(self, record: Play | Request, state: Listener | None) -> bool:
        if state is None:
            return True
        gap_ms = self.settings.sessions.gap_ms
        if isinstance(record, Play):
            return record.started_ms - state.newest_ms > gap_ms
        return len(state.plays) == 0 or record.at_ms - int(state.plays["at_ms"][-1]) > gap_ms

    def _ask_for_opener(self, play: Play, entry: Entry) -> None:
        """Ask first, as a player would, when a play opens a session."""
        request = Request(name_of("opener", play.event_id), play.listener_id, play.started_ms, play.surface)
        try:
            done = self.engine.take(request, entry.received_ms)
        except Rejected:
            return  # the play will be, too, and says why in its own words
        except Exception as error:  # noqa: BLE001
            self._failed(request, entry._replace(origin=None), error)
            return
        self._emit(done)
        self.predictions.remember(play.listener_id, done, opener=True)

    def _erase(self, erasure: Erasure, entry: Entry) -> None:
        try:
            done = self.engine.erase(erasure, entry.received_ms)
        except Exception as error:  # noqa: BLE001
            self._failed(erasure, entry, error)
            return
        self._emit(done)
        self.predictions.forget(erasure.listener_id)
        self.erased = True

    def _retained(self, erased: Feedback) -> list[Feedback]:
        """Return the listener's feedback before an erasure, from the file that this run writes of it."""
        found: list[Feedback] = []
        for line in self.outputs.lines("feedback"):
            part = decode_line(line)[0]
            if part.decision_id == erased.decision_id:
                break
            if part.listener_mark != erased.listener_mark:
                continue
            if part.kind == "erased":  # an earlier one has taken back what came before it
                found.clear()
            else:
                found.append(part)
        return found

    def _emit(self, done: Transition) -> None:
        if self.watch is not None:
            self.watch.emitted(done)
        for decision in done.closed:
            self.predictions.judge(decision)
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

    def _failed(self, record: Play | Request | Erasure, entry: Entry, error: Exception) -> None:
        detail = last_line(error)
        self._bury(letter_of(record, entry, "failed", detail))
        self.failures.add(entry.offset, detail)

    def _bury_failed(self, offset: int) -> None:
        """Bury what learn and collect could not take in, as records of their topics."""
        failed, self.engine.failed = self.engine.failed, []
        for topic, value, error in failed:
            self._bury(DeadLetter("failed", last_line(error), topic, offset, value))
        if failed:
            self.failures.add(offset, last_line(failed[-1].error))

    def _resumed(self) -> StateProgress | None:
        done = read_progress(self.store)
        if done is None:
            return None
        check_same(done.run, self.identity, self.options.state)
        checkpoint.restore(self.engine, self.store, done)
        self.predictions.restore(self.store)
        self.offset, self.mark = done.offset, done.mark
        self.dead_letters.update(done.dead_letters)
        self.failures = Failures(done.failed_in_a_row, done.failed)
        return done

    def _checkpoint(self, entry: Entry | None) -> None:
        """Write all that a restart needs, in one batch; ``entry`` is the last one taken, if any was."""
        if self.options.state is None:
            return
        if entry is not None:
            self.mark = mark_of(entry)
        done = checkpoint.progress_of(
            self.engine,
            run=self.identity,
            offset=self.offset,
            mark=self.mark,
            lengths=self.outputs.lengths(),
            dead_letters=dict(self.dead_letters),
            failures=self.failures,
        )
        changes = checkpoint.changes_of(self.engine, done, self.listed)
        changes.update(self.predictions.changes())
        self.store.write(changes)
        if self.erased:
            self.store.purge([key for key, value in changes.items() if value is None])
            self.erased = False
        self.listed.clear()

    def _summary(self) -> dict[str, Any]:
        engine = self.engine
        plays = engine.plays - self.resumed_plays
        quality = self.predictions.summary()
        return {
            "plays": engine.plays,
            "listeners": engine.met,
            "tracks": int(np.count_nonzero(engine.views.table.tracks["known"])),
            "seconds": round(self.seconds, 3),
            "plays_per_s": round(plays / self.seconds, 1) if self.seconds else 0.0,
            "resumed_at": self.resumed_plays,
            "counts": dict(sorted(engine.counts.items())),
            "dead_letters": dict(sorted(self.dead_letters.items())),
            "policy": self.settings.policy.name,
            "version": engine.views.version.name,
            "drifts": engine.learner.drifts,
            **quality,
            "candidate_recall": quality["quality"]["segue"]["recall"],
        }
