"""Corpus: bytes that every parser can read; what is fuzzed begins with them."""

import gzip
import io
import json
import zlib
from functools import cache
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import numpy as np
from msgspec.structs import replace

from bandits.drift import DriftWatch
from bandits.evidence import Evidence
from bandits.examples import Examples
from bandits.rows import decision_rows
from bandits.snapshot import snapshot_of
from pipelines.collect import records_of
from pipelines.kafka.letters import headers_of
from pipelines.listener import store_listener
from pipelines.listeners import VERSION
from state.envelope import seal
from tests.evaluate.making import decision, dsjson, feedback
from tests.golden import FOLDER as GOLDEN
from tests.pipelines.making import Listening, play
from topics.codec import SCHEMA_OF, encode_line
from topics.dead_letter import DeadLetter
from topics.erasure import Erasure
from topics.policy_snapshot import PolicySnapshot
from topics.recent_play import RecentPlay
from topics.request import Request
from topics.track import Track

HALF_LIFE_MS = 60 * 86_400_000
KIND_MARK = b"\0\1\0"  # between two files of one case
PACKED, RAW = b"p", b"r"  # in front of evidence
CONTEXT, COLUMNS = np.ones(1, np.float32), np.array([[1.0, -1.0], [1.0, 1.0]], np.float32)


@cache
def listening() -> Listening:
    """Somebody with plays, some recommended, and decisions that wait."""
    ann = Listening()
    for k in range(30):
        ann.take(play(f"e{k}", f"t{k % 7}", 200 * k, 90 if k % 3 else 15))
    return ann


@cache
def records() -> dict[str, list[Any]]:
    """By schema, records of every kind that travels."""
    ann = listening()
    done = ann.take(play("last", "t3", 6_400, 40, liked=1, play_id="p", decision_id="d", shown=2))
    table = ann.views.table
    events = next(iter(records_of(np.concatenate(done.events), table)))
    some: list[Any] = [
        play("e1", "t1", 5),
        play("e2", "t2", 5, 30, length_ms=200_000, end_reason="trackdone", skipped=False),
        Request("r1", "ann", 5), Request("r2", "zoë", 6, "radio", ("t1", "t2"), 5, 2),
        Erasure("ann", 5),
        Track("t1"),
        Track("t2", "Title", "a1", "Artist", genres=("jazz",), length_ms=5, attributes={"tempo_bpm": 90.5}),
        ann.scores[-1], decision("d1", (0, 1), (0.5, 0.25)),
        *ann.feedback[-6:],
        events,
        table.facts(table.handle("t1")),
        *snapshots(),
        RecentPlay("3e502955e69c9602", "t1", 60_000),
        DeadLetter("late", "too late", "listener-events", 7, b"{}", 3, "started_ms", b"ann"),
    ]  # fmt: skip
    found: dict[str, list[Any]] = {}
    for record in some:
        found.setdefault(SCHEMA_OF[type(record)], []).append(record)
    return found


def evidence_folded() -> Evidence:
    """Evidence of one column beside the constant."""
    evidence = Evidence("test", ("one",), ("one", "number"), HALF_LIFE_MS)
    evidence.fold(decision_rows(1, CONTEXT, COLUMNS, np.array([0.2, 0.8])))
    return evidence


def snapshots() -> list[PolicySnapshot]:
    """Snapshots of evidence, one with examples beside it."""
    plain, rich = evidence_folded(), evidence_folded()
    rich.examples = _examples()
    about: dict[str, Any] = {"policy": "p", "shard": 0, "version": 1, "settings": "", "feedback_offset": -1}
    return [snapshot_of(plain, **about), snapshot_of(rich, **about)]


def with_evidence(packed: bytes) -> PolicySnapshot:
    """A snapshot whose evidence is these bytes."""
    return replace(snapshots()[0], evidence=packed)


def evidence() -> list[bytes]:
    """The packed numbers of a snapshot, and the same unpacked."""
    packed = snapshots()[0].evidence
    return [PACKED + packed, RAW + zlib.decompress(packed)]


def _examples() -> Examples:
    examples = Examples(10, 1, 2)
    examples.add(decision_rows(1, CONTEXT, COLUMNS, np.array([0.2, 0.8])), 1.0)
    return examples


def examples() -> list[bytes]:
    """What `Examples.state` says."""
    return [_examples().state()]


def drift() -> list[bytes]:
    """What `DriftWatch.state` says, after some values."""
    watch = DriftWatch(0.002)
    for k in range(40):
        watch.value(0.5 + k % 3 / 10, 0.5)
    return [watch.state()]


def letters() -> list[bytes]:
    """The values of a letter's headers, a line each."""
    letter = DeadLetter("late", "too late", "listener-events", 7, b"{}", 3, "started_ms", b"ann")
    return [b"\n".join(value for _, value in headers_of(letter, "play.v1", is_null=False))]


def stored_listeners() -> list[bytes]:
    """Listeners as each version has stored them."""
    ann = listening()
    old = [(GOLDEN / "stored" / version / "listener.bin").read_bytes() for version in ("v1", "v2", "v3")]
    return [*old, seal(VERSION, store_listener(ann.state, ann.views.table.names))]


def event_rows() -> list[bytes]:
    """The rows of a record of track events."""
    return [record.rows for record in records()["track-events.v1"]]


def settings() -> list[bytes]:
    """Settings files."""
    return [
        (GOLDEN / "settings.toml").read_bytes(),
        b'seed = 3\n[policy]\nname = "mixture"\nshare = 0.1\n[policy.champion]\nname = "softmax"\n',
        b'[kafka]\nbootstrap = "localhost:9092"\nlistener_partitions = 4\n[worker]\nbatch_ms = 20\n',
    ]


def gzips() -> list[bytes]:
    """Packed lines: one member, two, and much that packs well."""
    lines = b"".join(encode_line(one) for one in records()["play.v1"])
    return [gzip.compress(lines), gzip.compress(lines) * 2, gzip.compress(bytes(1 << 21))]


def zips() -> list[bytes]:
    """Archives: packed, stored, and one that packs well."""
    found = []
    for kind, content in (
        (ZIP_DEFLATED, b"a,b\n1,2\n" * 99),
        (ZIP_STORED, b"{}\n"),
        (ZIP_DEFLATED, bytes(1 << 19)),
    ):
        file = io.BytesIO()
        with ZipFile(file, "w", kind) as archive:
            archive.writestr("folder/one.csv", content)
            archive.writestr("folder/two.json", b"[]")
        found.append(file.getvalue())
    return found


def decision_logs() -> list[bytes]:
    """Decisions, and behind the mark the feedback that came of them."""
    decisions = [decision("d1", (0, 1), (0.5, 0.25)), decision("d2", (1, 2), (0.5, 0.25))]
    parts = [feedback("d1", {0: 0.5}), feedback("d2", {0: 1.0, 1: 0.0}), feedback("d3", {0: 1.0})]
    return [b"".join(map(encode_line, decisions)) + KIND_MARK + b"".join(map(encode_line, parts))]


def vw_logs() -> list[bytes]:
    """Lines as Vowpal Wabbit logs them."""
    return [b"".join(json.dumps(line).encode() + b"\n" for line in (dsjson(), dsjson(EventId="e2")))]


def bandit_logs() -> list[bytes]:
    """Rows of the Open Bandit Dataset."""
    return [
        b"timestamp,item_id,position,click,propensity_score,user-item_affinity_0,user-item_affinity_1\n"
        b"2019-11-24 00:00:00,0,1,0,0.5,0.1,0.2\n2019-11-24 00:00:01,1,2,1,0.25,0.0,1.0\n"
    ]


LISTEN = {
    "listened_at": 1_700_000_000,
    "recording_msid": "5a1f5b6e-0000-4000-8000-000000000001",
    "user_name": "rob",
    "track_metadata": {
        "artist_name": "Björk", "track_name": "Jóga",
        "additional_info": {"duration_ms": 300_000, "recording_mbid": "b1a9c0e9-d987-4042-ae91-78d6a3267d69"},
        "mbid_mapping": {"recording_mbid": "b1a9c0e9-d987-4042", "artists": [{"artist_mbid": "a"}]},
    },
}  # fmt: skip
SPOTIFY = {
    "ts": "2022-11-05T10:24:53Z", "username": "zoë", "ms_played": 187_413,
    "master_metadata_track_name": "Hyperballad", "master_metadata_album_artist_name": "Björk",
    "master_metadata_album_album_name": "Post", "spotify_track_uri": "spotify:track:0123456789ABCDEFGHIJKL",
    "episode_name": None, "reason_start": "trackdone", "reason_end": "trackdone", "skipped": False,
}  # fmt: skip
ACCOUNT = {
    "endTime": "2024-03-09 23:59",
    "artistName": "Sigur Rós",
    "trackName": "Sæglópur",
    "msPlayed": 457_240,
}
MSSD_HEADER = (
    b"session_id,session_position,session_length,track_id_clean,skip_1,skip_2,skip_3,not_skipped,context_switch,"
    b"no_pause_before_play,short_pause_before_play,long_pause_before_play,hist_user_behavior_n_seekfwd,"
    b"hist_user_behavior_n_seekback,hist_user_behavior_is_shuffle,hour_of_day,date,premium,context_type,"
    b"hist_user_behavior_reason_start,hist_user_behavior_reason_end\n"
)


def files() -> dict[str, list[bytes]]:
    """By importer, files it reads."""
    lines = b"".join(
        encode_line(one) for name in ("play.v1", "request.v1", "track.v1") for one in records()[name]
    )
    mssd = (
        b"0_a,%d,20,t_%d,False,False,False,True,0,0,1,0,0,0,False,16,2018-07-15,True,radio,clickrow,endplay\n"
    )
    tracks = b"".join(map(encode_line, records()["track.v1"]))
    return {
        "jsonl": [lines],
        "spotify": [json.dumps([SPOTIFY, SPOTIFY], ensure_ascii=False, indent=2).encode()],
        "spotify-account": [json.dumps([ACCOUNT, ACCOUNT], ensure_ascii=False, indent=1).encode()],
        "listenbrainz": [
            json.dumps(LISTEN).encode() + b"\n" + json.dumps(LISTEN | {"listened_at": 5}).encode() + b"\n",
            json.dumps({"payload": {"count": 1, "user_id": "rob", "listens": [LISTEN]}}).encode(),
        ],
        "lastfm": [
            b"user_000001\t2009-05-04T23:08:57Z\tf1b1cf71-bd35\tDeep Dish\t\tFuck Me Im Famous\n"
            b"user_000001\t2009-05-04T13:54:10Z\ta7f7df4a\tUnderworld\tc4a\tBoy\n"
        ],
        "mssd": [MSSD_HEADER + b"".join(mssd % (k, k) for k in range(1, 4))],
        "sessions": [b"session_idx,items\n7,1 2\n8,3\n9,1 5 6\n"],
        "csv": [
            b"event_id,listener,track_id,started_ms,heard_ms,length_ms,skipped,liked,end_reason,surface,shown\n"
            b"e1,ann,t1,5,30000,200000,True,1,fwdbtn,radio,3\ne2,ann,t2,6,,,,,,,\n",
            b'user;artist;title;time\nann;"Bj\xc3\xb6rk";"J;ga";2022-11-05T10:24:53Z\n',
        ],
        "catalogue jsonl": [tracks],
        "catalogue csv": [
            b"track_id,title,artist_name,duration_ms,release_date,explicit,danceability\n"
            b"t1,Post,Bj\xc3\xb6rk,180000,1995-06-13,False,0.5\n"
        ],
    }
