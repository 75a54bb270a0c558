from collections import Counter

import numpy as np
import pytest

from pipelines.demo.settings import DAY_MS, WorldSettings
from pipelines.demo.world import World
from topics.play import Play

SMALL = WorldSettings(listeners=40, tracks=400, artists=60, days=10)


def test_the_same_settings_make_the_same_world() -> None:
    """Catalogue and log are functions of the settings alone."""
    one, two = World(SMALL), World(SMALL)

    assert one.catalogue() == two.catalogue()
    assert list(one.log(2_000)) == list(two.log(2_000))


def test_another_seed_makes_another_world() -> None:
    """The seed reaches the music, the listeners and their luck."""
    one = World(SMALL)
    two = World(WorldSettings(seed=8, listeners=40, tracks=400, artists=60, days=10))

    assert [track.released_ms for track in one.catalogue()] != [
        track.released_ms for track in two.catalogue()
    ]
    assert one.switchers() != two.switchers()
    assert list(one.log(50)) != list(two.log(50))


def test_more_listeners_leave_the_others_as_they_are() -> None:
    """Luck is keyed by listener, not drawn in turn: the first forty do the same."""
    few = World(SMALL)
    many = World(WorldSettings(listeners=80, tracks=400, artists=60, days=10))
    known = set(few.listener_ids)

    some = list(few.log(500))
    again = [play for play in many.log(1_500) if play.listener_id in known]

    assert again[:500] == some


def test_the_catalogue_grows_while_the_world_runs() -> None:
    """New creators and new tracks of known ones appear; slices of time add up to the whole."""
    world = World(SMALL)
    new = set(world.new_artists())

    before = world.catalogue(released_before_ms=world.start_ms)
    during = world.catalogue(released_from_ms=world.start_ms, released_before_ms=world.end_ms)

    assert len(before) + len(during) == len(world.catalogue()) == 400
    assert 0.05 < len(during) / 400 < 0.4
    assert new
    assert new.isdisjoint(track.artist_id for track in before)
    assert new & {track.artist_id for track in during}
    assert {track.artist_id for track in during} - new


def test_few_artists_have_most_of_the_plays() -> None:
    """Fame is a power law: a tenth of the artists gets at least a third of the plays."""
    world = World(SMALL)
    artist = {track.track_id: track.artist_id for track in world.catalogue()}

    plays = [artist[play.track_id] for play in world.log(5_000)]

    assert sum(count for _, count in Counter(plays).most_common(6)) > len(plays) / 3


def test_some_listeners_change_their_genres_at_a_known_moment() -> None:
    """What switchers hear moves away from their old genres at the switch; the others stay."""
    world = World(WorldSettings(listeners=200, tracks=1_000, artists=150, days=10))
    genre = dict(zip(world.track_ids, world.music.genre.tolist(), strict=True))
    number = {listener_id: k for k, listener_id in enumerate(world.listener_ids)}
    switchers = set(world.switchers())

    def share_of_old_genres(plays: list[Play]) -> float:
        old = [genre[p.track_id] in world.truth.genres[number[p.listener_id], 0] for p in plays]
        return sum(old) / len(old)

    plays = [play for play in world.log(20_000) if play.at_ms < world.end_ms]
    parts = {
        (moved, later): [
            p for p in plays if (p.listener_id in switchers) == moved and (p.started_ms > at) == later
        ]
        for at in [world.switch_ms]
        for moved in (False, True)
        for later in (False, True)
    }
    share = {part: share_of_old_genres(rows) for part, rows in parts.items()}

    assert 0.2 < len(switchers) / 200 < 0.4
    assert share[True, False] - share[True, True] > 0.25
    assert abs(share[False, False] - share[False, True]) < 0.08


def test_what_goes_well_after_a_track_is_what_follows_it() -> None:
    """Of the plays inside a session, far more are followers of the play before than chance gives."""
    world = World(SMALL)
    followers = world.truth.followers
    newest: dict[str, int] = {}

    hits = []
    for play in world.log(3_000):
        track = world.track_number[play.track_id]
        if play.listener_id in newest:
            hits.append(track in followers[newest[play.listener_id]])
        newest[play.listener_id] = track

    assert np.mean(hits) > 0.25  # eight of 400 tracks would be 0.02


def test_settings_out_of_range_are_refused_all_at_once() -> None:
    """One message names every problem."""
    with pytest.raises(ValueError, match=r"listeners is 0, expected 1 to .*; tracks is 5, expected 200 to"):
        WorldSettings(listeners=0, tracks=5, artists=20)


def test_a_world_of_one_listener_and_the_fewest_tracks_still_turns() -> None:
    """The smallest world allowed gives a log as well."""
    world = World(WorldSettings(listeners=1, tracks=200, artists=20, days=1))

    plays = list(world.log(30))

    assert len(plays) == 30
    assert plays[-1].started_ms > world.start_ms
    assert plays[-1].started_ms < world.start_ms + 400 * DAY_MS
