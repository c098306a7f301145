"""Suggestions over HTTP: like the library's, logged, explored, looked up, refreshed."""

import contextlib
import http.client
import json
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as chosen
from hypothesis import strategies as st

from lookalike.core.library import Library
from lookalike.datasets.event_simulator import simulate_events
from lookalike.datasets.friendships import Friendships, hold_out
from lookalike.rank.slate import ExplainedSlate, explore
from lookalike.service.training import training_rows
from lookalike.systems.events.system import Events
from lookalike.systems.people.system import People


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(0)
    club = np.arange(120) // 30
    chance = np.where(np.equal.outer(club, club), 0.4, 0.01)
    pairs = np.argwhere(np.triu(rng.random((120, 120)) < chance, 1))
    names = np.array([f"p{i}" for i in range(120)])
    data = Friendships("clubs", "0" * 64, names, *hold_out(pairs))
    return People(n_candidates=30).fit(data)


@pytest.fixture(scope="module")
def events():
    data = simulate_events(n_people=60, n_events=80, n_days=20)
    return Events(compare="logistic").fit(data)


@pytest.fixture(scope="module")
def libraries(tmp_path_factory, people, events):
    folder = tmp_path_factory.mktemp("made")
    found = {name: Library(name, folder / name) for name in ("people", "events")}
    for system in (people, people, events):
        found[system.name].add(system.save)
    found["people"].activate("0001")
    return found


@pytest.fixture
def make(tmp_path, libraries):
    """Build clients of services of their own; all are stopped in the end."""
    yield from _making(tmp_path, libraries)


@pytest.fixture(scope="module")
def client(tmp_path_factory, libraries):
    """One service for the tests that change nothing."""
    making = _making(tmp_path_factory.mktemp("served"), libraries)
    yield next(making)()
    next(making, None)


def _making(folder, libraries):
    from starlette.testclient import TestClient

    from lookalike.service import create_app
    from lookalike.service.database import Database
    from lookalike.service.settings import Settings

    with contextlib.ExitStack() as stack:

        def start(url=None, **settings):
            given = {"watch": 0.02, "refresh": 0.05} | settings
            limits = Settings(state=folder / "state", **given)
            database = Database(url or f"sqlite:///{folder}/l.db", "fast")
            app = create_app(libraries, database, limits)
            made = stack.enter_context(TestClient(app, base_url="http://127.0.0.1"))
            made.components = app.state.components
            return made

        yield start


def until(true, seconds=20.0):
    end = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < end:
        time.sleep(0.02)
    assert found
    return found


def test_people_are_looked_up_once_the_table_is_made(client, people):
    served = client.components.served["people"]
    until(lambda: served.has_table)
    sent = {"user": "p7", "k": 12}
    (answer,) = client.post("/v1/people/recommend", json=sent).json()["answers"]
    hits = answer["hits"]
    alone = people.recommend_each(["p7"], 12)[0]
    assert [hit["id"] for hit in hits] == alone.ids
    assert [hit["score"] for hit in hits] == alone.scores.tolist()
    table = people.precompute()
    for person, who in enumerate(people.known_users[:20].tolist()):
        asked = people.recommend_each([who], 30)[0]
        found = [people.people_[place] for place in table.row(person)[0]]
        assert asked.ids[: len(found)] == found


def test_a_table_of_other_people_is_refused(people):
    table = people.precompute()
    other = type(table)(table.starts[:-1], *(list(vars(table).values())[1:]))
    with pytest.raises(ValueError, match="is not one of these 120 users"):
        people.look_up(other)


def test_a_new_friendship_is_in_the_next_table(make, people):
    """A newcomer befriends two people, and is suggested the friends of those."""
    client = make()
    served = client.components.served["people"]
    until(lambda: served.has_table)
    before = client.post("/v1/people/recommend", json={"user": "ann"}).json()
    assert not before["answers"][0]["known"]
    made = [
        {
            "event_id": f"b{who}",
            "action_name": "befriend",
            "timestamp": "2026-01-01T00:00:00Z",
            "user_id": "ann",
            "event_attributes": {"object": {"object_id": who}},
        }
        for who in ("p0", "p1")
    ]
    assert client.post("/v1/events", json={"events": made}).status_code == 200

    def known():
        answer = client.post("/v1/people/recommend", json={"user": "ann"}).json()
        return answer["answers"][0] if answer["answers"][0]["known"] else None

    hits = until(known)["hits"]
    ids = [hit["id"] for hit in hits]
    assert not {"p0", "p1", "ann"} & set(ids)
    assert {int(who[1:]) // 30 for who in ids[:5]} == {0}
    assert "shared friend" in hits[0]["reason"]
    theirs = client.post("/v1/people/recommend", json={"user": "p0", "k": 30}).json()
    assert "ann" not in {hit["id"] for hit in theirs["answers"][0]["hits"]}


def test_a_generation_that_is_activated_answers_next(make, libraries):
    client = make()

    def generation():
        sent = {"user": "p1"}
        return client.post("/v1/people/recommend", json=sent).json()["generation"]

    assert generation() == "0001"
    try:
        libraries["people"].activate("0002")
        until(lambda: generation() == "0002")
    finally:
        libraries["people"].activate("0001")


@pytest.mark.parametrize("name", ["people", "events"])
def test_somebody_unknown_is_answered_with_a_reason(client, name):
    sent = {"user": "nobody ever 🙂", "k": 5}
    (answer,) = client.post(f"/v1/{name}/recommend", json=sent).json()["answers"]
    assert not answer["known"]
    assert len(answer["hits"]) == 5
    assert all("you are new here" in hit["reason"] for hit in answer["hits"])
    scores = [hit["score"] for hit in answer["hits"]]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("name", ["people", "events"])
def test_things_are_put_in_the_order_they_have_in_the_list(client, request, name):
    system = request.getfixturevalue(name)
    who = str(system.known_users[2])
    ids = system.recommend_each([who], 6)[0].ids
    sent = {"user": who, "ids": [*ids[::-1], ids[0]]}
    (answer,) = client.post(f"/v1/{name}/rank", json=sent).json()["answers"]
    assert [hit["id"] for hit in answer["hits"]] == ids
    why = {"user": who, "id": ids[1]}
    told = client.post(f"/v1/{name}/explain", json=why).json()
    assert told["rank"] == 2
    assert told["reasons"] == [answer["hits"][1]["reason"]]
    assert set(told["features"]) == set(system.feature_names)
    unknown = {"user": who, "ids": ["no such thing"]}
    refused = client.post(f"/v1/{name}/rank", json=unknown)
    assert refused.status_code == 422
    assert "known, got 'no such thing'" in refused.json()["detail"]


@pytest.mark.parametrize("name", ["people", "events"])
def test_what_was_shown_is_logged_as_it_was(make, url, request, name):
    """Features, score, place, propensity and generation of every hit, and clicks."""
    client = make(url=url)
    system = request.getfixturevalue(name)
    who = str(system.known_users[3])
    sent = {"user": who, "k": 4, "query_id": "q1", "client_id": "c1"}
    (answer,) = client.post(f"/v1/{name}/recommend", json=sent).json()["answers"]
    click = {
        "event_id": "e1",
        "action_name": "click",
        "timestamp": "2030-01-01T00:00:00Z",
        "query_id": "q1",
        "user_id": who,
        "event_attributes": {"object": {"object_id": answer["hits"][2]["id"]}},
    }
    assert client.post("/v1/events", json={"events": [click]}).status_code == 200
    rows = until(lambda: training_rows(client.components.database))
    expected = system.recommend_each([who], 4)[0]
    assert [row["id"] for row in rows] == expected.ids
    assert [row["position"] for row in rows] == [1, 2, 3, 4]
    assert [row["score"] for row in rows] == expected.scores.tolist()
    assert {row["propensity"] for row in rows} == {1.0}
    assert {row["generation"] for row in rows} == {"0001"}
    found = np.array([row["features"] for row in rows], np.float32)
    np.testing.assert_array_equal(found, expected.features)
    assert [row["actions"] for row in rows] == [[], [], ["click"], []]
    assert client.delete(f"/v1/users/{who}").status_code == 200


def test_the_last_place_is_explored_with_the_chance_that_is_logged(make, people):
    client = make(explore=0.4, log_exposures=False)
    whole = people.recommend_each(["p5"], 26)[0].ids
    seen = []
    for _ in range(300):
        sent = {"user": "p5", "k": 6}
        (answer,) = client.post("/v1/people/recommend", json=sent).json()["answers"]
        ids = [hit["id"] for hit in answer["hits"]]
        assert ids[:5] == whole[:5]
        assert [hit["propensity"] for hit in answer["hits"][:5]] == [1.0] * 5
        seen.append((ids[5], answer["hits"][5]["propensity"]))
    assert "random 40% of the time" in answer["rules"][0]
    chance = dict(seen)
    # Each thing's frequency is its propensity, and the chances of all add up to one.
    assert chance[whole[5]] == pytest.approx(0.6 + 0.4 / 21)
    usual = sum(id == whole[5] for id, _ in seen) / 300
    assert usual == pytest.approx(chance[whole[5]], abs=0.12)
    others = {id: p for id, p in chance.items() if id != whole[5]}
    assert len(others) > 8
    assert set(others) <= set(whole[6:])
    assert list(others.values()) == pytest.approx([0.4 / 21] * len(others))


def test_weighting_by_propensity_gives_back_what_all_would_have_got():
    """The mean of a value over its propensity is that of all: none has chance 0."""
    values = np.arange(7.0)
    ranked = ExplainedSlate([*"abcdefg"], -values, np.zeros((7, 1)), [""] * 7)
    rng = np.random.default_rng(0)
    lists = [explore(ranked, 3, 0.5, rng) for _ in range(20_000)]
    last = [(values["abcdefg".index(f.ids[-1])], f.propensities[-1]) for f in lists]
    weighted = sum(value / chance for value, chance in last) / len(last)
    assert weighted == pytest.approx(values[2:].sum(), rel=0.05)
    assert explore(ranked, 9, 0.5, rng).ids == ranked.ids


@pytest.mark.parametrize(
    ("path", "sent", "status", "message"),
    [
        ("recommend", {}, 422, "either user or users"),
        ("recommend", {"user": "p1", "users": ["p2"]}, 422, "either user or users"),
        ("recommend", {"user": "p1", "k": 0}, 422, "greater than or equal to 1"),
        ("recommend", {"user": "p1", "k": 900}, 422, "k may be at most 200"),
        (
            "recommend",
            {"users": ["a"] * 300},
            413,
            "At most 256 users at once; got 300",
        ),
        ("recommend", {"user": ""}, 422, "user: "),
        ("rank", {"user": "p1", "ids": []}, 422, "ids: "),
        ("rank", {"user": "p1", "ids": ["x"], "z": 1}, 422, "z: "),
        ("explain", {"id": "p1"}, 422, "user: "),
        ("explain", {"user": "p1", "id": "x"}, 404, "no item of this id"),
    ],
)
def test_requests_that_make_no_sense_are_told_so(client, path, sent, status, message):
    answer = client.post(f"/v1/people/{path}", json=sent)
    assert answer.status_code == status
    assert message in answer.json()["detail"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda part: (
        st.lists(part, max_size=3)
        | st.dictionaries(st.sampled_from(["user", "users", "ids", "k", "id"]), part)
    ),
    max_leaves=8,
)


@chosen(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(st.sampled_from(["recommend", "rank", "explain"]), JSON)
def test_no_request_ends_in_a_5xx(client, path, sent):
    for name in ("people", "events"):
        body = json.dumps(sent).encode()
        answer = client.post(f"/v1/{name}/{path}", content=body)
        assert answer.status_code < 500


def test_a_batch_that_runs_out_of_time_says_so(make, monkeypatch):
    client = make()
    served = client.components.served["events"]
    system = served.active.system
    recommend_each = system.recommend_each

    def later(users, k, exclude):
        time.sleep(0.02 * len(users))
        return recommend_each(users, k, exclude)

    monkeypatch.setattr(system, "recommend_each", later)
    sent = {"users": ["u1"] * 50, "k": 2, "deadline_ms": 200}
    answer = client.post("/v1/events/recommend", json=sent).json()
    assert answer["degraded"]
    assert 0 < len(answer["answers"]) < 50


def ask(port, path, sent):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        head = {"content-type": "application/json"}
        connection.request("POST", path, json.dumps(sent), head)
        return json.loads(connection.getresponse().read())


def test_workers_of_a_real_server_share_one_table(
    start_server, tmp_path, libraries, people
):
    folders = [str(library.folder) for library in libraries.values()]
    process = start_server(*folders, "--workers", "2")
    expected = people.recommend_each(["p3"], 5)[0]
    for _ in range(6):
        answer = ask(process.port, "/v1/people/recommend", {"user": "p3", "k": 5})
        hits = answer["answers"][0]["hits"]
        assert [hit["id"] for hit in hits] == expected.ids
    found = ask(process.port, "/v1/events/recommend", {"user": "u3", "k": 3})
    assert found["answers"][0]["known"]
    until(lambda: len(list(tmp_path.rglob("tables/people-0001-*.npz"))) == 1)


def test_a_list_that_was_left_to_chance_before_keeps_its_chances():
    chances = np.array([1.0, 0.5, 0.25, 0.25])
    found = ExplainedSlate(
        [*"abcd"], -chances, np.zeros((4, 1)), [""] * 4, True, chances
    )
    rng = np.random.default_rng(0)
    assert explore(found, 3, 0.0, rng).chances.tolist() == [1, 0.5, 0.25]
    last = explore(found, 2, 0.3, rng)
    assert last.chances[1].round(6) in (0.5 * 0.8, 0.25 * 0.1)
