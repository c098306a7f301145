"""Experiments over HTTP: who sees which generation, and what is said of it."""

import json
import shutil
import time
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.core.library import Library
from lookalike.experiment import Experiment, assign
from lookalike.service.database.events import delete_before
from lookalike.service.database.experiments import (
    answers_by_variant,
    assignments,
    store_assignments,
)
from lookalike.service.experiment_units import units_of
from lookalike.service.served_experiment import ServedExperiment, ab
from lookalike.systems.digits import SPEC

CLICKS = {"name": "click", "kind": "rate"}
DESIGN = {"variants": ["old", "new"], "metrics": [CLICKS], "planned_units": 400}
TEST = {
    "key": "seeds",
    "system": "digits",
    "design": DESIGN,
    "generations": {"old": "0001", "new": "0002"},
}


def started(client, status=201, **sent):
    answer = client.post("/v1/experiments", json={**TEST, **sent})
    assert answer.status_code == status, answer.text
    return answer.json() if status == 201 else answer.json()["detail"]


def found(client, key="seeds", path="", **sent):
    where = f"/v1/experiments/{key}{path}"
    answer = client.post(where, json=sent) if path else client.get(where)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def three_generations(tmp_path_factory, two_generations, digits_data):
    """The two, which answer alike, and one whose items are the other way round."""
    folder = tmp_path_factory.mktemp("three") / "digits"
    shutil.copytree(two_generations.folder, folder)
    turned = {n: getattr(digits_data, n)[::-1] for n in ("x_train", "y_train")}
    other = SPEC.new({}).fit(replace(digits_data, **turned))
    library = Library("digits", folder)
    library.add(other.save)
    library.activate("0001")
    return folder


@pytest.fixture
def library(tmp_path, three_generations):
    """A copy that a test may spoil."""
    shutil.copytree(three_generations, tmp_path / "digits")
    return Library("digits", tmp_path / "digits")


@pytest.fixture
def search(digits_data):
    """A function that searches with one image, and returns the document."""
    body = {"image": {"pixels": digits_data.x_test[0].tolist()}, "k": 5}

    def ask(client, verb="search", status=200, **sent):
        answer = client.post(f"/v1/digits/{verb}", json={**body, **sent})
        assert answer.status_code == status, answer.text
        return answer.json()

    return ask


def rows(client, key="seeds", version=1):
    client.components.writer.settle()
    with client.components.database.reading() as connection:
        return [dict(row) for row in assignments(connection, key, version)]


def test_each_user_sees_the_generation_that_the_hash_says(make_client, url, search):
    client = make_client(url)
    about = started(client)
    assert about["state"] == "running"
    assert about["steps"][0]["reason"] == (
        "ab of digits: old 50% (generation 0001), new 50% (generation 0002)."
    )
    design = Experiment.from_json(json.dumps({**DESIGN, "key": "seeds"}))
    users = [f"user {n}" for n in range(12)]
    expected = {user: assign(design, user) for user in users}
    assert set(expected.values()) == {"old", "new"}
    for user in users:
        for verb in ("search", "classify"):
            document = search(client, verb, user_id=user)
            variant = document["experiment"]["variant"]
            assert variant == expected[user]
            assert document["generation"] == TEST["generations"][variant]
        where = f"/v1/experiments/seeds/assignment?unit={user}"
        assert client.get(where).json()["variant"] == variant
    written = rows(client)
    assert {row["unit"]: row["variant"] for row in written} == expected
    assert len(written) == 2 * len(users)
    assert not any(row["failed"] for row in written)
    nobody = search(client)  # whose user is not known
    assert nobody["experiment"] is None
    assert nobody["generation"] == "0001"
    assert len(rows(client)) == 2 * len(users)


def test_the_pointer_moves_and_variants_stay_until_the_experiment_ends(
    make_client, library, search
):
    client = make_client()
    started(client)
    users = [f"u{n}" for n in range(10)]
    before = [search(client, user_id=user)["generation"] for user in users]
    library.activate("0002")
    client.components.watch_once()
    assert search(client)["generation"] == "0002"
    assert [search(client, user_id=u)["generation"] for u in users] == before
    ended = found(client, path="/stop", reason="Enough was seen.", winner="old")
    assert ended["state"] == "stopped"
    assert ended["reason"] == "Enough was seen; old answers everybody."
    for user in users:
        document = search(client, user_id=user)
        assert document["generation"] == "0001"
        assert document["experiment"] is None
    assert library.current() == "0001"
    threads = client.components.experiments._variants["digits"]
    assert threads.get("0001") is None  # its engine has ended


def test_what_runs_goes_on_after_a_restart(make_client, search):
    first = make_client()
    started(first)
    before = search(first, user_id="ann")["experiment"]
    assert search(make_client(), user_id="ann")["experiment"] == before


def test_a_forced_variant_is_shown_and_not_analysed(make_client, search):
    client = make_client()
    assert "No experiment runs" in search(client, status=422, variant="a:b")["detail"]
    started(client)
    for variant, generation in TEST["generations"].items():
        document = search(client, variant=f"seeds:{variant}")
        assert document["generation"] == generation
        assert document["experiment"]["forced"]
    assert rows(client) == []
    detail = search(client, status=422, variant="seeds:newer")["detail"]
    assert detail == "variant must be one of seeds:old, seeds:new; got 'seeds:newer'."


def test_coverage_rises_and_moves_nobody(make_client, search):
    client = make_client()
    started(client, design={**DESIGN, "coverage": 0.3})
    users = [f"u{n}" for n in range(40)]

    def seen():
        asked = [search(client, user_id=user)["experiment"] for user in users]
        return {
            user: each["variant"]
            for user, each in zip(users, asked, strict=True)
            if each is not None
        }

    few = seen()
    assert 0 < len(few) < 30
    found(client, path="/coverage", coverage=1.0)
    all_ = seen()
    assert len(all_) == 40
    assert all_ | few == all_
    refused = client.post("/v1/experiments/seeds/coverage", json={"coverage": 0.1})
    assert refused.status_code == 422
    assert "send units away" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"system": "games"}, "system must be one of digits, got 'games'."),
        (
            {"generations": {"new": "0009"}},
            "generations of digits are 0001, 0002, 0003; got '0009'.",
        ),
        (
            {"generations": {"newer": "0002"}},
            "generations are of old, new; there is no variant 'newer'.",
        ),
        ({"kind": "canary"}, "takes generation, share, requests, deadline, slow_ms"),
        ({"generation": "0002"}, "takes design, generations, slow_ms; got generation."),
        ({"design": {}}, "an experiment needs the field variants, metrics."),
        (
            {"design": {**DESIGN, "version": 2}},
            "design has no field version: it stands beside the design.",
        ),
        ({"design": {**DESIGN, "variants": ["a"]}}, "at least two variants"),
        ({"design": {**DESIGN, "unit": "page"}}, "user, session, query, got 'page'"),
        ({"key": "a/b"}, "the key of an experiment"),
        ({"design": {**DESIGN, "variants": 5}}, "must be a list, got 5"),
        ({"design": {**DESIGN, "weights": 0.5}}, "must be a list, got 0.5"),
        ({"design": {**DESIGN, "variants": {"a": 1, "b": 2}}}, "must be a list"),
        ({"design": {**DESIGN, "metrics": [{**CLICKS, "covariates": 5}]}}, "a list"),
    ],
)
def test_what_cannot_be_an_experiment_is_refused(make_client, sent, sentence):
    client = make_client()
    assert sentence in started(client, status=422, **sent)
    assert client.get("/v1/experiments").json() == {"experiments": []}


def test_an_experiment_does_not_change_while_it_runs(make_client, search):
    client = make_client()
    started(client)
    changed = {**DESIGN, "weights": [0.9, 0.1]}
    assert started(client, status=422, design=changed) == (
        "the experiment seeds has a version 1 already: start version 2, which draws "
        "all units anew."
    )
    other = {"key": "others", "design": {**DESIGN, "buckets": [500, 1000]}}
    assert "seeds and others of the layer default share" in started(
        client, status=422, **other
    )
    layered = {**other, "design": {**DESIGN, "layer": "mine"}}
    assert "must be of one layer" in started(client, status=422, **layered)
    of_sessions = {**DESIGN, "buckets": [500, 1000], "unit": "session"}
    assert "must have the same unit" in started(
        client, status=422, key="others", design=of_sessions
    )
    second = started(client, version=2, design={**changed, "buckets": [0, 500]})
    assert second["version"] == 2
    started(client, **other)  # which has the other half of the users
    listed = client.get("/v1/experiments").json()["experiments"]
    assert {(e["key"], e["version"]): e["state"] for e in listed} == {
        ("seeds", 1): "replaced",
        ("seeds", 2): "running",
        ("others", 1): "running",
    }
    keys = {search(client, user_id=f"u{n}")["experiment"]["key"] for n in range(12)}
    assert keys == {"seeds", "others"}
    missing = client.post("/v1/experiments/none/stop", json={"reason": "x"})
    assert missing.status_code == 404


def test_only_an_administrator_changes_experiments(make_client):
    client = make_client(require_key=True)
    from lookalike.service.database.keys import make

    with client.components.database.writing() as connection:
        read = make(connection, "reader", "read")
    client.components.watch_once()
    headers = {"authorization": f"Bearer {read}"}
    assert client.get("/v1/experiments", headers=headers).status_code == 200
    refused = client.post("/v1/experiments", json=TEST, headers=headers)
    assert refused.status_code == 403


# --- analysis -------------------------------------------------------------------------


def clicked(client, user, query_id=None, action="click", value=None):
    event = {
        "event_id": f"{time.monotonic_ns()}",
        "action_name": action,
        "user_id": user,
        "query_id": query_id,
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "event_attributes": {"object": {"object_id": "5"}},
    }
    if value is not None:
        event["event_attributes"]["value"] = value
    answer = client.post("/v1/events", json={"events": [event]})
    assert answer.status_code in (200, 202), answer.text


def test_a_look_says_which_is_better_and_is_written_down(make_client, url, search):
    client = make_client(url)
    started(client)
    refused = client.post("/v1/experiments/seeds/look")
    assert refused.status_code == 422
    rng = np.random.default_rng(0)
    for n in range(4):
        search(client, user_id=f"u{n}")
    refused = client.post("/v1/experiments/seeds/look")
    assert "no event 'click' was stored" in refused.json()["detail"]
    # 300 users who saw it at once, without 300 requests
    design = Experiment.from_json(json.dumps({**DESIGN, "key": "seeds"}))
    template = rows(client)[0]
    many = [
        {**template, "query_id": f"q{n}", "unit": f"v{n}", "variant": variant}
        for n in range(300)
        if (variant := assign(design, f"v{n}"))
    ]
    database = client.components.database
    with database.writing() as connection:
        store_assignments(database, connection, many)
    for row in many:
        if rng.random() < (0.9 if row["variant"] == "new" else 0.1):
            clicked(client, row["unit"], row["query_id"])
    seen = found(client, path="/look")
    assert seen["looks"][-1]["verdicts"]["new"]["word"] == "better"
    [metric] = seen["looks"][-1]["metrics"]
    assert metric["difference_low"] > 0.6
    assert seen["steps"][-1]["reason"].startswith("new: better: click is better.")
    assert len(found(client, path="/look")["looks"]) == 2
    assert client.delete(f"/v1/users/{many[0]['unit']}").status_code == 200
    assert len(found(client, path="/look")["looks"]) == 3  # one unit less
    assert found(client)["answers"]["old"]["lists"] > 100


def test_units_are_what_they_saw_and_did(make_client, search):
    client = make_client()
    metrics = [
        {"name": "click", "kind": "rate", "covariates": ["view.before"]},
        {"name": "rate", "kind": "ratio", "column": "click.count"}
        | {"denominator": "lists"},
    ]
    clicked(client, "ann", action="view")
    clicked(client, "ann", "a list of before", action="view")
    time.sleep(1.1)  # the times of events here are whole seconds
    started(client, design={**DESIGN, "metrics": metrics})
    [one, two] = [search(client, user_id="ann")["query_id"] for _ in range(2)]
    search(client, user_id="ben")
    clicked(client, "ann", one)
    clicked(client, "ann", two)
    clicked(client, "ann", "of another system")  # no list of the experiment
    clicked(client, "carl")  # who is not in it
    client.components.writer.settle()
    which = client.components.experiments.of("digits")[0]
    with client.components.database.reading() as connection:
        units = units_of(connection, which)
    assert list(units.unit) == ["ann", "ben"]
    expected = {
        "lists": [2, 1],
        "failed": [0, 0],
        "click": [1, 0],
        "click.count": [2, 0],
        "view.before": [2, 0],
        "view.count": [0, 0],
    }
    assert {n: list(units.columns[n]) for n in expected} == expected
    assert (np.asarray(units.columns["milliseconds"]) > 0).all()


def test_a_unit_of_two_variants_is_not_analysed(make_client, search):
    client = make_client()
    started(client)
    search(client, user_id="ann")
    [row] = rows(client)
    other = "old" if row["variant"] == "new" else "new"
    database = client.components.database
    with database.writing() as connection:
        twice = {**row, "query_id": "x", "variant": other}
        store_assignments(database, connection, [twice])
    refused = client.post("/v1/experiments/seeds/look").json()["detail"]
    assert refused.startswith("expected one variant a unit, but 'ann' saw")


# --- other kinds ----------------------------------------------------------------------


def test_interleaved_lists_are_drafted_and_clicks_are_votes(make_client, search):
    client = make_client()
    about = {"key": "mixed", "kind": "interleaving", "generation": "0003"}
    document = {"system": "digits", **about}
    assert client.post("/v1/experiments", json=document).status_code == 201
    alone = [
        [
            hit["id"]
            for hit in search(client, k=20, variant=f"mixed:{v}")["answers"][0]["hits"]
        ]
        for v in ("control", "other")
    ]
    assert alone[0] != alone[1]
    mixed = search(client, k=20, user_id="ann")
    ids = [hit["id"] for hit in mixed["answers"][0]["hits"]]
    assert set(ids) <= {*alone[0], *alone[1]}
    [row] = rows(client, "mixed")
    teams = json.loads(row["details"])["teams"]
    assert len(teams) == len(ids) == 20
    assert {0, 1} <= set(teams)
    for id, team in zip(ids, teams, strict=True):
        assert id in (alone[team] if team >= 0 else alone[0])
    assert found(client, "mixed")["preference"] is None
    event = {
        "event_id": "e",
        "action_name": "click",
        "query_id": mixed["query_id"],
        "timestamp": "2026-01-01T00:00:00Z",
        "event_attributes": {"object": {"object_id": ids[teams.index(1)]}},
    }
    client.post("/v1/events", json={"events": [event]})
    more = search(client, k=20, user_id="ann")
    [again] = [r for r in rows(client, "mixed") if r["query_id"] == more["query_id"]]
    at = json.loads(again["details"])["teams"].index(1)
    thing = {"object_id": more["answers"][0]["hits"][at]["id"]}
    event |= {"event_id": "f", "query_id": more["query_id"]}
    client.post(
        "/v1/events",
        json={"events": [{**event, "event_attributes": {"object": thing}}]},
    )
    shown = found(client, "mixed")["preference"]
    assert shown["wins"] == {"control": 0, "other": 1}


def canary(client, status=201, **sent):
    body = {"key": "next", "system": "digits", "kind": "canary", "generation": "0002"}
    answer = client.post("/v1/experiments", json={**body, **sent})
    assert answer.status_code == status, answer.text
    return answer.json()


def until_decided(client, seconds=20.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        about = found(client, "next")
        if about["state"] != "running":
            return about
        time.sleep(0.05)
    raise AssertionError("nothing was decided")


def test_a_canary_that_is_as_good_takes_over(make_client, library, search):
    client = make_client()
    canary(client, share=0.5, requests=10, slow_ms=60_000)
    seen = {search(client)["generation"] for _ in range(40)}
    assert seen == {"0001", "0002"}
    about = until_decided(client)
    assert about["state"] == "passed"
    assert "no signal is worse after" in about["reason"]
    assert library.current() == "0002"
    assert search(client)["experiment"] is None


@pytest.mark.parametrize("fault", [RuntimeError, KeyError, ValueError])
def test_a_canary_that_fails_is_given_up_and_nobody_notices(
    make_client, library, search, monkeypatch, fault
):
    client = make_client()
    canary(client, share=0.5, requests=5_000)
    variant = client.components.experiments._variants["digits"].get("0002")

    def broken(*args, **kwargs):
        raise fault("a fault of the new generation")

    monkeypatch.setattr(variant.active.system, "search_each", broken)
    for _ in range(70):  # 15 failures end it: fewer are seen once in two million runs
        assert search(client)["generation"] == "0001"  # in its place
    about = until_decided(client)
    assert about["state"] == "aborted"
    assert about["reason"].startswith("errors: 100.0% of")
    assert library.current() == "0001"
    failed = [row for row in rows(client, "next") if row["failed"]]
    assert {row["variant"] for row in failed} == {"canary"}


def test_a_canary_without_requests_is_inconclusive(make_client, library):
    client = make_client()
    canary(client, deadline=0.5)
    about = until_decided(client)
    assert about["state"] == "inconclusive"
    assert "only 0 of 3,000 requests came" in about["reason"]
    assert library.current() == "0001"


def test_a_request_of_several_images_is_one_request_of_a_canary(
    make_client, digits_data
):
    client = make_client()
    canary(client, share=0.1, requests=5_000)
    images = [{"pixels": image.tolist()} for image in digits_data.x_test[:30]]
    for _ in range(6):
        answer = client.post("/v1/digits/search", json={"images": images, "k": 2})
        assert answer.status_code == 200
    assert len(rows(client, "next")) == 6 * 30
    time.sleep(1.5)  # it is decided once a second
    assert found(client, "next")["state"] == "running"
    with client.components.database.reading() as connection:
        seen = answers_by_variant(connection, "next", 1, 0.0, of_requests=True)
    assert sum(n for n, _, _ in seen.values()) == 6
    assert sum(slow for _, _, slow in seen.values()) == 6


def test_a_canary_ends_when_somebody_moves_the_pointer(make_client, library):
    client = make_client()
    canary(client)
    library.activate("0003")
    about = until_decided(client)
    assert about["state"] == "inconclusive"
    assert "generation 0003 answers meanwhile" in about["reason"]
    assert library.current() == "0003"


def test_what_is_wrong_with_a_request_is_not_counted_against_a_canary(
    make_client, search
):
    client = make_client()
    canary(client, share=0.5, requests=5_000)
    for _ in range(20):
        assert search(client, status=422, k=201)
        client.post("/v1/digits/search", json={"image": {"pixels": [[1, 2], [3]]}})
    assert rows(client, "next") == []


def test_a_shadow_answers_unseen_and_is_compared(make_client, search, digits_data):
    client = make_client()
    body = {"key": "next", "system": "digits", "kind": "shadow", "generation": "0003"}
    sent = {**body, "share": 1.0}
    assert client.post("/v1/experiments", json=sent).status_code == 201
    for n in range(6):
        document = search(client, k=20)
        assert document["generation"] == "0001"
        assert document["experiment"] is None
        search(client, "classify")
        until = time.monotonic() + 10
        while len(rows(client, "next")) < 2 * (n + 1) and time.monotonic() < until:
            time.sleep(0.01)
    differences = found(client, "next")["differences"]
    assert differences["search"]["requests"] == differences["classify"]["requests"] == 6
    overlap = differences["search"]["overlap"]
    assert 0 <= overlap["low"] <= overlap["mean"] <= overlap["high"] < 1
    image = {"image": {"pixels": digits_data.x_test[0].tolist()}}
    before = len(rows(client, "next"))
    assert client.post("/v1/digits/explain", json=image).status_code == 200
    time.sleep(0.3)
    assert len(rows(client, "next")) == before  # a reason is not compared
    second = client.post("/v1/experiments", json={**sent, "key": "more"})
    assert second.json()["detail"] == "digits has the shadow next: one at a time."


def test_a_generation_that_cannot_answer_ends_its_experiment(
    make_client, library, search
):
    client = make_client()
    started(client)
    for path in (library.folder / "0002").glob("*.npy"):
        path.write_bytes(b"no array")
    again = make_client()
    about = found(again)
    assert about["state"] == "aborted"
    assert about["reason"].startswith("Generation 0002 cannot answer: ")
    assert str(library.folder) not in about["reason"]
    assert search(again, user_id="ann")["experiment"] is None


# --- the command ----------------------------------------------------------------------


def test_the_command_starts_shows_and_stops_what_a_service_runs(
    make_client, library, tmp_path, search
):
    client = make_client()
    where = ["--folder", library.folder, "--database", client.components.database.url]
    where += ["--state", tmp_path / "state", "--system", "digits"]

    def run(*words, status=0):
        typed = map(str, ["experiments", *words, *where])
        done = CliRunner().invoke(app, list(typed))
        assert done.exit_code == status, done.output
        return done.stdout if status == 0 else done.stderr

    assert run("list") == "There is no experiment.\n"
    design = tmp_path / "design.toml"
    design.write_text('key = "x"\nvariants = ["a", "b"]\nmetrics = []\ncoverage = 0.5')
    words = ["start", "seeds", "--design", design, "--variant", "b=0002"]
    told = run(*words)
    assert "ab of digits: a 50%, b 50% (generation 0002)." in told
    client.components.watch_once()
    seen = {search(client, user_id=f"u{n}")["generation"] for n in range(20)}
    assert seen == {"0001", "0002"}
    assert "has a version 1 already" in run(*words, status=2)
    assert "Coverage 0.5 to 1" in run("cover", "seeds", "1.0")
    assert "has no metrics" in run("look", "seeds", status=2)
    assert "no experiment 'none'" in run("show", "none", status=2)
    assert "takes NAME=GENERATION, each once" in run(
        "start", "y", "--variant", "b", status=2
    )
    about = json.loads(run("show", "seeds", "--json"))
    assert about["answers"]["b"]["lists"] > 0
    assert "tried; b answers everybody." in run(
        "stop", "seeds", "--reason", "tried.", "--winner", "b"
    )
    assert library.current() == "0002"
    assert "stopped" in run("list")


# --- users, snapshots -----------------------------------------------------------------


def test_a_deleted_user_is_in_no_experiment_any_more(make_client, url, search):
    client = make_client(url)
    started(client)
    for user in ("ann", "ben"):
        search(client, user_id=user)
    client.components.writer.settle()
    assert client.post("/v1/snapshots", json={"name": "all"}).status_code == 200
    answer = client.delete("/v1/users/ann")
    assert answer.status_code == 200, answer.text
    assert {row["unit"] for row in rows(client)} == {"ben"}
    search(client, user_id="ann")  # it is answered, and leaves no trace
    assert {row["unit"] for row in rows(client)} == {"ben"}
    found(client, path="/stop", reason="over")
    restored = client.post("/v1/snapshots/restore", json={"name": "all"})
    assert restored.status_code == 200, restored.text
    client.components.watch_once()
    assert found(client)["state"] == "running"
    assert {row["unit"] for row in rows(client)} == {"ben"}
    [first] = found(client)["steps"]
    assert first["step"] == "started"


def test_sessions_and_requests_of_a_deleted_user_are_in_no_experiment(
    make_client, search
):
    client = make_client()
    started(client, design={**DESIGN, "unit": "session"})
    search(client, user_id="ann", session_id="s1")
    search(client, user_id="ben", session_id="s2")
    search(client, session_id="s1")  # before it is known who it is
    assert {row["unit"] for row in rows(client)} == {"s1", "s2"}
    assert client.post("/v1/snapshots", json={"name": "all"}).status_code == 200
    assert client.delete("/v1/users/ann").status_code == 200
    assert {row["unit"] for row in rows(client)} == {"s2"}
    restored = client.post("/v1/snapshots/restore", json={"name": "all"})
    assert restored.status_code == 200
    assert {row["unit"] for row in rows(client)} == {"s2"}


def test_a_deleted_user_is_unknown_to_every_generation_at_once(
    small, clients, tmp_path
):
    folder = tmp_path / "games"
    shutil.copytree(small("games").folder, folder / "0001")
    shutil.copytree(small("games").folder, folder / "0002")
    making = clients({"games": Library("games", folder)}, tmp_path)
    client = next(making)(watch=60.0)  # nothing is taken up by itself
    design = {"variants": ["old", "new"], "metrics": []}
    of_games = {"key": "two", "system": "games", "design": design}
    started(client, **of_games, generations={"new": "0001"})
    user = str(small("games").system.known_users[0])

    def known(variant):
        sent = {"user": user, "k": 3, "variant": f"two:{variant}"}
        answer = client.post("/v1/games/recommend", json=sent)
        return answer.json()["answers"][0]["known"]

    assert known("old")
    assert known("new")
    assert client.delete(f"/v1/users/{user}").status_code == 200
    assert not known("old")
    assert not known("new")
    next(making, None)


def test_assignments_are_kept_while_their_experiment_runs(make_client, search):
    client = make_client()
    started(client)
    search(client, user_id="ann")
    assert len(rows(client)) == 1
    database, later = client.components.database, 2**62
    with database.writing() as connection:
        delete_before(connection, later)
    assert len(rows(client)) == 1
    found(client, path="/stop", reason="over")
    with database.writing() as connection:
        delete_before(connection, later)
    assert rows(client) == []


def test_a_snapshot_of_before_there_were_experiments_is_restored(
    make_client, tmp_path, search
):
    from lookalike.service import snapshots

    client = make_client()
    before = snapshots.TABLES
    snapshots.TABLES = tuple(t for t in before if "experiment" not in t.name)
    try:
        client.post("/v1/snapshots", json={"name": "old"})
    finally:
        snapshots.TABLES = before
    started(client)
    restored = client.post("/v1/snapshots/restore", json={"name": "old"})
    assert restored.status_code == 200, restored.text
    assert client.get("/v1/experiments").json() == {"experiments": []}
    assert client.delete("/v1/users/ann").status_code == 200


def test_a_json_text_holds_the_whole_experiment():
    design = {"variants": ["a", "b"], "metrics": [CLICKS], "holdout": None}
    test = ab("x", "digits", design, {"b": "0002"}, slow_ms=20.0, version=3)
    assert ServedExperiment.from_json(test.to_json()) == test
    assert ServedExperiment.from_json(test.to_json()) != replace(test, slow_ms=30.0)
