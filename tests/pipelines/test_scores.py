"""Which records are answered, and with what."""

from numeric.arrays import bytes_of
from tests.pipelines.making import LENGTH_MS, Listening, make_views, play, request, small, track_ids
from topics.codec import encode


def test_the_newest_play_gets_exactly_one_scores_that_names_it(ann: Listening) -> None:
    """Each of three plays in order is answered once, with its event_id as the cause."""
    ann.take_all([play("e1", "t1", 0, 180), play("e2", "t2", 200, 180), play("e3", "t3", 400, 180)])

    assert [scores.cause for scores in ann.scores] == ["e1", "e2", "e3"]
    assert [scores.at_ms for scores in ann.scores] == [play("e", "t", s, 180).at_ms for s in (0, 200, 400)]


def test_a_play_is_answered_when_it_starts_and_when_it_ends(ann: Listening) -> None:
    """Two records of one play are both its listener's newest in turn."""
    ann.take_all([play("e1", "t1", 0, play_id="p"), play("e2", "t1", 0, 180, play_id="p")])

    assert [scores.cause for scores in ann.scores] == ["e1", "e2"]


def test_a_request_is_answered_with_its_id_surface_and_limit(ann: Listening) -> None:
    """The cause is the request_id; no more slots than asked for."""
    ann.take(request("r1", 5, surface="radio", limit=3))

    assert [(s.cause, s.surface, len(s.slate)) for s in ann.scores] == [("r1", "radio", 3)]


def test_without_a_limit_a_slate_has_the_setting_s_slots(ann: Listening) -> None:
    """The small settings ask for four."""
    ann.take(request("r1"))

    assert len(ann.scores[0].slate) == 4


def test_a_slate_never_holds_a_track_twice_and_every_propensity_is_a_probability(ann: Listening) -> None:
    """Fifty slots asked of twelve tracks give all twelve, each with 0 < propensity <= 1."""
    ann.take(request("r1", limit=50))

    slate = ann.scores[0].slate
    assert sorted(track_ids(ann.scores[0])) == sorted(f"t{i}" for i in range(12))
    assert all(0 < scored.propensity <= 1 for scored in slate)
    assert slate[-1].propensity == 1.0


def test_a_late_play_is_put_in_its_place_without_scores(ann: Listening) -> None:
    """A play behind the newest is counted, changes the history, and is not answered."""
    ann.take_all([play("e1", "t1", 0, 100), play("e3", "t3", 400, 100)])

    done = ann.take(play("e2", "t2", 200, 100))

    assert done.decided is None
    assert done.counts == {"late_applied": 1}
    assert ann.tracks == ["t1", "t2", "t3"]


def test_a_late_request_is_counted_and_not_answered(ann: Listening) -> None:
    """A request behind the newest record changes no play and gets no scores."""
    ann.take(play("e1", "t1", 100, 100))

    done = ann.take(request("r1", 150))

    assert (done.decided, done.counts) == (None, {"late_applied": 1})


def test_records_of_one_moment_are_each_the_newest_in_log_order(ann: Listening) -> None:
    """Two plays and a request with one event time are all answered."""
    ann.take_all([play("e1", "t1", 0, 100), play("e2", "t2", 50, 50), request("r1", 100)])

    assert [scores.cause for scores in ann.scores] == ["e1", "e2", "r1"]


def test_a_play_met_twice_changes_nothing_and_is_counted(ann: Listening) -> None:
    """The second time the state keeps every byte, nothing is emitted, `duplicate` counts one."""
    ann.take_all([play("e1", "t1", 0, 100), play("e2", "t2", 200, 100)])
    before = ann.stored

    for again in (play("e2", "t2", 200, 100), play("e1", "t1", 0, 100)):
        done = ann.take(again)

        assert ann.stored == before
        assert (done.decided, done.feedback, done.events, done.counts) == (None, [], [], {"duplicate": 1})


def test_a_request_met_twice_changes_nothing_and_is_counted(ann: Listening) -> None:
    """The second time it is not answered again."""
    ann.take(request("r1", 5))
    before = ann.stored

    done = ann.take(request("r1", 5))

    assert ann.stored == before
    assert (done.decided, done.counts) == (None, {"duplicate": 1})


def test_the_same_record_on_the_same_state_gives_the_same_bytes(ann: Listening) -> None:
    """Two processes that interned the tracks in another order publish equal scores."""
    other = Listening(ann.settings, make_views(ann.settings, tracks=0))
    for i in reversed(range(12)):
        other.views.table.handle(f"t{i}")
    for track in ann.views.table.titles.values():
        other.views.table.list_track(track)

    for listening in (ann, other):
        listening.take_all([play(f"e{i}", f"t{i % 5}", i * 60, 50) for i in range(20)])

    assert [encode(scores) for scores in ann.scores] == [encode(scores) for scores in other.scores]
    assert ann.plays == other.plays


def test_an_unknown_track_is_scored_by_what_is_known_and_counted(ann: Listening) -> None:
    """A play of a track that no catalogue names is answered, and counted as unknown."""
    done = ann.take(play("e1", "never heard of", 0, 100))

    assert done.counts == {"unknown_track": 1}
    assert [scores.cause for scores in ann.scores] == ["e1"]


def test_a_request_may_bring_a_track_nobody_knows(ann: Listening) -> None:
    """It is scored like any candidate."""
    slate = track_ids(ann.ask("r1", 0, "never heard of", "t1"))

    assert sorted(slate) == ["never heard of", "t1"]


def test_an_unknown_listener_gets_popular_and_fresh_tracks() -> None:
    """Whoever was never met is offered what everybody plays, then what is new."""
    settings = small(candidates={"limit": 4, "fresh": 2}, slates={"limit": 12})
    views = make_views(settings)
    bob = Listening(settings, views)
    bob.take_all([play(f"e{i}", f"t{i % 2}", i * 300, LENGTH_MS / 1000) for i in range(4)])
    count_all(bob)
    new = Listening(settings, views)

    new.take(request("r1", 2_000, listener_id="new"))

    assert {scored.source for scored in new.scores[0].slate} == {"popular", "fresh"}
    assert {scored.track_id for scored in new.scores[0].slate if scored.source == "popular"} <= {"t0", "t1"}


def count_all(listening: Listening) -> None:
    """Let the views know what this listener heard."""
    for record in (play("again", "t0", 9_000, 10), play("and again", "t1", 9_200, 10)):
        for rows in listening.take(record).events:
            listening.views.table.count(bytes_of(rows))
