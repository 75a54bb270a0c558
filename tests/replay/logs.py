"""Logs with everything in them: requests, starts and ends, late and double records, rubbish, erasures."""

from collections.abc import Iterator
from random import Random

from topics.codec import encode_line
from topics.erasure import Erasure
from topics.ids import name_of
from topics.play import Play
from topics.request import Request
from topics.track import Track

START_MS = 1_735_689_600_000  # 2025-01-01
MINUTE_MS = 60_000
DAY_MS = 86_400_000
RUBBISH = (
    b"not json\n",
    b'{"event_id":"e","listener_id":"ann","track_id":"t"}\n',
    b'{"event_id":"e","listener_id":"ann","track_id":"t","started_ms":-5}\n',
    b'{"schema":"film.v9","event_id":"e"}\n',
    b'{"event_id":"e","listener_id":"","track_id":"t","started_ms":5}\n',
    b"\xff\xfe\n",
    b"\n",
)


class Maker:
    """Draws records one after the other; whatever it does depends on the seed alone."""

    def __init__(self, seed: int, listeners: int, tracks: int) -> None:
        self.random = Random(seed)
        self.tracks = [f"t{k:03d}" for k in range(tracks)]
        self.listeners = [f"listener {k}" for k in range(listeners)]
        self.favourites = {name: self.random.sample(self.tracks, 12) for name in self.listeners}
        self.now_ms = {name: START_MS + self.random.randrange(DAY_MS) for name in self.listeners}
        self.newest_event: dict[str, str] = {}
        self.last_track: dict[str, int] = {}
        self.made = 0

    def track(self, k: int) -> Track:
        return Track(
            self.tracks[k],
            title=f"Title {k}",
            artist_id=f"artist{k % 17}",
            length_ms=150_000 + 1_000 * (k % 90),
            released_ms=START_MS - DAY_MS * (k % 400) if k % 3 else None,
            playable=k % 29 != 5,
        )

    def chosen(self, listener: str) -> str:
        """A favourite, what often follows the last one, or anything."""
        luck, favourites = self.random.random(), self.favourites[listener]
        if luck < 0.5 or listener not in self.last_track:
            place = self.random.randrange(len(favourites))
        elif luck < 0.85:
            place = (self.last_track[listener] + 1) % len(favourites)
        else:
            return self.random.choice(self.tracks)
        self.last_track[listener] = place
        return favourites[place]

    def turn(self) -> list[Play | Request | Erasure]:
        """What one listener does next; at times they come back only hours later."""
        random = self.random
        listener = min(self.listeners, key=self.now_ms.__getitem__)
        if random.random() < 0.1:
            listener = random.choice(self.listeners)
        at_ms = self.now_ms[listener] + random.randrange(5_000)
        records: list[Play | Request | Erasure] = []
        if random.random() < 0.15:
            at_ms += random.randrange(31, 30 * 60) * MINUTE_MS
            if random.random() < 0.5:
                records.append(self.request(listener, at_ms))
        if random.random() < 0.006:
            records.append(Erasure(listener, at_ms))
        heard_ms = random.choice((3_000, 20_000, 90_000, 170_000))
        play = self.play(listener, at_ms + 1_000, heard_ms)
        if random.random() < 0.4:
            records.append(self.started(play))
        if random.random() < 0.9:
            records.append(play)
            self.newest_event[listener] = play.event_id
        self.now_ms[listener] = at_ms + 1_000 + heard_ms
        return records

    def request(self, listener: str, at_ms: int) -> Request:
        random, self.made = self.random, self.made + 1
        candidates = tuple(random.choices(self.tracks, k=30)) if random.random() < 0.3 else None
        return Request(
            f"r{self.made}", listener, at_ms, random.choice(("radio", "home")), candidates,
            random.choice((None, 3, 20)), random.choice((None, 2)),
        )  # fmt: skip

    def play(self, listener: str, started_ms: int, heard_ms: int) -> Play:
        random, self.made = self.random, self.made + 1
        before = self.newest_event.get(listener)
        return Play(
            f"e{self.made}", listener, self.chosen(listener), started_ms, heard_ms,
            length_ms=random.choice((None, 180_000)),
            end_reason=random.choice((None, "trackdone", "fwdbtn")),
            liked=random.choice((0, 0, 0, 1, -1)),
            decision_id=name_of(listener, before) if before and random.random() < 0.1 else None,
            play_id=random.choice((None, f"p{self.made}")),
        )  # fmt: skip

    def started(self, play: Play) -> Play:
        return Play(
            play.event_id + ".start", play.listener_id, play.track_id, play.started_ms, play_id=play.play_id
        )


def messy(
    records: int, seed: int = 7, listeners: int = 25, tracks: int = 150, received: bool = False
) -> Iterator[bytes]:
    """Yield the lines of a log of about so many plays and requests, in an order a log may well have.

    ``received`` lets each line say when it was received: then some come from the future.
    """
    maker = Maker(seed, listeners, tracks)
    random = maker.random
    held: list[tuple[int, Play | Request | Erasure]] = []  # (number of the record before which it comes, it)
    number, clock_ms = 0, START_MS
    for k in range(0, tracks, 2):
        yield encode_line(maker.track(k))
    while number < records:
        for record in maker.turn():
            number += 1
            luck = random.random()
            if luck < 0.03:
                held.append((number + random.choice((5, 40, 400)), record))
                continue
            clock_ms = max(clock_ms, record.at_ms)
            line = _line(record, clock_ms, random, received)
            yield line
            if luck > 0.97:
                yield line
            elif luck > 0.95:
                yield random.choice(RUBBISH)
            elif luck > 0.945:
                yield encode_line(maker.track(random.randrange(tracks)))
        for due, late in held[:]:
            if due <= number:
                held.remove((due, late))
                yield _line(late, clock_ms, random, received)


def _line(record: Play | Request | Erasure, clock_ms: int, random: Random, received: bool) -> bytes:
    line = encode_line(record)
    if not received:
        return line
    received_ms = clock_ms + 200
    if random.random() < 0.01:
        received_ms = max(record.at_ms - 100 * DAY_MS, 0)
    return line[:-2] + b',"received_ms":%d}\n' % received_ms


def ordered_csv(plays: int, seed: int = 7, listeners: int = 25, tracks: int = 150) -> Iterator[bytes]:
    """Yield the rows of a plain table of ended plays, by the time they ended."""
    maker = Maker(seed, listeners, tracks)
    found: list[Play] = []
    while len(found) < plays:
        found += [r for r in maker.turn() if isinstance(r, Play) and r.heard_ms is not None]
    yield b"listener_id,track_id,started_ms,heard_ms,length_ms\n"
    for play in sorted(found, key=lambda play: play.at_ms):
        yield b"%b,%b,%d,%d,180000\n" % (
            play.listener_id.encode(), play.track_id.encode(), play.started_ms, play.heard_ms or 0,
        )  # fmt: skip
