"""What programs get from the API: scores for a play, a listener's page, tracks, and clear refusals."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from pipelines.demo.page import app_of
from pipelines.demo.town import AHEAD_MS, Town
from pipelines.page.guard import Limits
from pipelines.page.serving import Address
from tests.page.conftest import make_town, standing

MINUTE_MS = 60_000


def play(town: Town, event_id: str, track_id: str, **more: Any) -> dict[str, Any]:
    started_ms = more.pop("started_ms", town.now_ms)
    record = {"event_id": event_id, "listener_id": "you", "track_id": track_id, "started_ms": started_ms}
    return record | {"heard_ms": 200_000, "length_ms": 200_000} | more


def asked(client: TestClient, town: Town, request_id: str = "r1") -> dict[str, Any]:
    record = {"request_id": request_id, "listener_id": "you", "at_ms": town.now_ms}
    scores: dict[str, Any] = client.post("/v1/requests", json=record).raise_for_status().json()["scores"]
    return scores


def test_a_play_is_answered_with_what_comes_next_and_why(client: TestClient, town: Town) -> None:
    """The slate after a play names what was heard; terms sum to the predictor, scores are that in [0, 1]."""
    first = asked(client, town)["slots"][0]

    taken = client.post("/v1/plays", json=play(town, "e1", first["track_id"])).json()

    assert taken["outcome"] == "scored"
    assert taken["scores"]["cause"] == "e1"
    words = [reason["words"] for slot in taken["scores"]["slots"] for reason in slot["reasons"]]
    assert any(first["title"] in text for text in words)
    for slot in taken["scores"]["slots"]:
        mean = sum(reason["contribution"] for reason in slot["reasons"])
        assert mean == pytest.approx(slot["mean"], abs=1e-6)
        assert min(max(mean, 0), 1) == pytest.approx(slot["score"], abs=2e-6)


def test_the_same_play_twice_is_one_play(client: TestClient, town: Town) -> None:
    """A client that does not know whether its call arrived may send it again."""
    record = play(town, "e1", "track-00001")

    outcomes = [client.post("/v1/plays", json=record).json()["outcome"] for _ in range(2)]

    assert outcomes == ["scored", "duplicate"]
    assert client.get("/v1/listeners/you").json()["plays"] == 1


def test_a_listener_page_shows_history_features_and_scores(client: TestClient, town: Town) -> None:
    """The newest play first, with its title; features by name and unit; the newest decision."""
    for number, heard_ms in enumerate((200_000, 4_000)):
        at_ms = town.now_ms + number * 5 * MINUTE_MS
        client.post(
            "/v1/plays",
            json=play(town, f"e{number}", f"track-0000{number}", started_ms=at_ms, heard_ms=heard_ms),
        ).raise_for_status()

    page = client.get("/v1/listeners/you").json()

    newest, oldest = page["heard"]
    assert (newest["track_id"], newest["skipped"], newest["share"]) == (
        "track-00001",
        True,
        pytest.approx(0.02),
    )
    assert (oldest["skipped"], oldest["title"]) == (False, town.race.world.catalogue()[0].title)
    assert {"session_skip_rate", "usual_hour"} <= {feature["name"] for feature in page["features"]}
    assert page["scores"]["cause"] == "e1"


def test_a_decision_can_be_looked_up(client: TestClient, town: Town) -> None:
    """By the id that came with its scores, explained the same."""
    scores = asked(client, town)

    assert client.get(f"/v1/decisions/{scores['decision_id']}").json() == scores
    (made,) = client.get("/v1/listeners/you").json()["decisions"]
    assert made["decision_id"] == scores["decision_id"]
    assert made["first"] == scores["slots"][0]["title"]


def test_surprise_and_drift_are_on_the_time_line(
    client: TestClient, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One value a span from the start, around 0; a drift that the learner finds is a note at its moment."""
    learner = town.advisor.engine.learner
    monkeypatch.setattr(type(learner), "drifts", 2)
    town._look_for_drift()

    overview = client.get("/v1/overview").json()

    assert (
        1 <= len(overview["surprises"]) <= len(overview["rewards"]["segue"])
    )  # what is open has no surprise yet
    assert all(-1 < value < 1 for value in overview["surprises"])
    assert any(overview["surprises"])
    assert [note["at_ms"] for note in overview["notes"] if note["kind"] == "drift"] == [town.now_ms]


def test_ids_may_hold_slashes_and_dots(client: TestClient, town: Town) -> None:
    """A listener and a track by such a name are found by it, escaped."""
    record = play(town, "e1", "tracks/../1?") | {"listener_id": "ann / bob#1"}
    client.post("/v1/plays", json=record).raise_for_status()

    page = client.get("/v1/listeners/ann%20%2F%20bob%231").json()

    assert [one["track_id"] for one in page["heard"]] == ["tracks/../1?"]
    assert client.get("/v1/tracks/tracks%2F..%2F1%3F").json()["track"]["track_id"] == "tracks/../1?"


def test_tracks_are_found_by_words_of_title_artist_or_genre(client: TestClient, town: Town) -> None:
    """All words must occur, whatever their case; the most played come first."""
    track = town.race.world.catalogue()[0]

    found = client.get("/v1/tracks", params={"query": f"{track.title.upper()} {track.artist[:6]}"}).json()

    assert track.track_id in [one["track_id"] for one in found["tracks"]]
    assert client.get("/v1/tracks", params={"query": "zzzz"}).json() == {"tracks": []}
    popular = client.get("/v1/tracks", params={"limit": 3}).json()["tracks"]
    plays = [client.get(f"/v1/tracks/{one['track_id']}").json()["plays"] for one in popular]
    assert plays == sorted(plays, reverse=True)
    assert plays[0] > 0


def test_a_track_page_counts_a_play(client: TestClient, town: Town) -> None:
    """A play that has ended and been followed by another weighs one, as of now."""
    before = client.get("/v1/tracks/track-00000").json()["plays"]
    client.post("/v1/plays", json=play(town, "e1", "track-00000"))

    after = client.get("/v1/tracks/track-00000").json()["plays"]

    assert after - before == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/v1/listeners/nobody", "nobody has heard of listener 'nobody'; a play or a request begins one"),
        ("/v1/decisions/none", "no decision 'none' among the newest; older ones are on their topic"),
        ("/v1/tracks/none", "nobody has heard of track 'none'; /v1/tracks?query= searches"),
        ("/nowhere", "there is nothing at /nowhere; /v1/openapi.json lists what there is"),
    ],
)
def test_what_is_not_there_is_a_problem(client: TestClient, path: str, detail: str) -> None:
    """RFC 9457: title, status, and what to do."""
    response = client.get(path)

    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {"title": "Not Found", "status": 404, "detail": detail}


def test_looking_at_a_track_that_nobody_knows_does_not_make_it_known(client: TestClient, town: Town) -> None:
    """Reading changes nothing."""
    known = len(town.views.table)

    client.get("/v1/tracks/none")

    assert len(town.views.table) == known


def test_a_wrong_field_is_named_with_what_was_expected(client: TestClient, town: Town) -> None:
    """As the dead letter would say it."""
    problem = client.post("/v1/plays", json=play(town, "e1", "t", heard_ms=-5)).json()

    assert problem["status"] == 422
    assert problem["field"] == "heard_ms"
    assert problem["detail"] == "heard_ms is -5, expected `int` >= 0"


def test_a_play_from_the_future_is_refused_and_counted(client: TestClient, town: Town) -> None:
    """A day ahead of the town is allowed (the hour may be changed); more would bend everybody's counts."""
    ahead = play(town, "e1", "track-00000", started_ms=town.now_ms + AHEAD_MS + 1)

    response = client.post("/v1/plays", json=ahead)

    assert (response.status_code, response.json()["reason"]) == (409, "future")
    assert client.get("/v1/overview").json()["dead_letters"] == {"future": 1}
    assert town.metrics.value("segue_dead_letters_total", reason="future") == 1
    assert client.get("/v1/listeners/you").status_code == 404


def test_a_play_of_a_track_the_town_does_not_have_harms_nobody(client: TestClient, town: Town) -> None:
    """It is played, may be proposed to others in the engine, and the town walks on."""
    for number in range(30):
        at_ms = town.now_ms + number * 4 * MINUTE_MS
        track = "elsewhere" if number % 2 else "track-00000"
        client.post("/v1/plays", json=play(town, f"e{number}", track, started_ms=at_ms)).raise_for_status()

    before = town.race.plays
    for _ in town.race.walk(town.race.world.end_ms):
        pass

    assert town.race.plays > before


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"content-type": "text/plain"}, b"{}", 415),
        ({"content-type": "application/json"}, b"not json", 422),
        ({"content-type": "application/json"}, b" " * (2**20 + 1), 413),
    ],
)
def test_a_body_must_be_json_and_not_too_large(
    client: TestClient, headers: dict[str, str], body: bytes, status: int
) -> None:
    """One mebibyte is enough for a thousand candidates."""
    response = client.post("/v1/plays", content=body, headers=headers)

    assert (response.status_code, response.json()["status"]) == (status, status)


def test_only_the_bearer_of_the_token_writes() -> None:
    """Without it, or with another, 401; reading needs none."""
    town = make_town()
    with TestClient(standing(town, Limits(token="sesame"))) as client:
        record = play(town, "e1", "track-00000")
        statuses = [
            client.post("/v1/plays", json=record, headers=headers).status_code
            for headers in ({}, {"Authorization": "Bearer simsim"}, {"Authorization": "Bearer sesame"})
        ]
        reading = client.get("/v1/policy").status_code

    assert statuses == [401, 401, 200]
    assert reading == 200


def test_beyond_loopback_nobody_writes_without_a_token() -> None:
    """The refusal says how to start it."""
    town = make_town()
    with TestClient(standing(town, Limits(open_writes=False))) as client:
        response = client.post("/v1/plays", json=play(town, "e1", "track-00000"))

    assert response.status_code == 403
    assert "start it with --token" in response.json()["detail"]


def test_a_page_elsewhere_cannot_reach_a_server_on_loopback_by_another_name() -> None:
    """DNS that points a foreign name at 127.0.0.1 meets a server that does not know the name."""
    with TestClient(standing(make_town(), hosts=("127.0.0.1",)), base_url="http://evil.example") as client:
        assert client.get("/v1/policy").status_code == 400


def test_every_answer_forbids_foreign_scripts(client: TestClient) -> None:
    """Pages and problems alike carry the policy."""
    for path in ("/", "/nowhere", "/v1/policy", "/static/main.js"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("part", ["walk", "overview"])
def test_a_town_that_has_stopped_is_not_ready_and_says_why(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Health answers as long as the process does; readiness follows the engine, and those who tell of it."""
    town = make_town()
    town.hub.streams = 1  # so that somebody is told

    def stumble(*_: object) -> Iterator[int]:
        raise ValueError("no way")

    with TestClient(app_of(town, Address()), base_url="http://127.0.0.1") as client:
        assert client.get("/readyz").json() == {"status": "ready", "trouble": None}
        monkeypatch.setattr(town.race if part == "walk" else town, part, stumble)
        response = client.get("/readyz")
        while response.status_code == 200:
            response = client.get("/readyz")
        healthy = client.get("/healthz").json()["status"]

    assert response.status_code == 503
    assert response.json()["detail"].startswith("the town has stopped with ValueError: no way")
    assert healthy == "ok"


def test_metrics_are_served_in_the_openmetrics_format(client: TestClient, town: Town) -> None:
    """They count what came over HTTP."""
    client.post("/v1/plays", json=play(town, "e1", "track-00000"))

    response = client.get("/metrics")

    assert response.headers["content-type"].startswith("application/openmetrics-text")
    assert "segue_event_to_scores_seconds_bucket" in response.text
    assert response.text.endswith("# EOF\n")
