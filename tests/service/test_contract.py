"""One service with every system at once: each is served like all others.

No request that the OpenAPI document allows, or forbids, breaks it.
"""

import base64
import json
import os
import shutil
from collections import Counter, defaultdict

import httpx2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from sqlalchemy import select

from lookalike.core.contracts import CAPABILITIES
from lookalike.core.library import Library
from lookalike.service.database import keys
from lookalike.service.database.handed_out import handed_to
from lookalike.service.database.tables import exposures, metadata
from lookalike.service.snapshots import TABLES
from lookalike.systems import specs

schemathesis = pytest.importorskip("schemathesis")
LONG = int(os.environ.get("LOOKALIKE_LONG", "1"))
# Examples of a route, and the systems that it is tried on, other ones for each route.
N_EXAMPLES, N_SYSTEMS = (2, 1) if LONG == 1 else (6 * LONG, 3 * LONG)

ROUTES = [
    ("", "GET", "/metrics", "read"),
    ("", "GET", "/v1/live", "read"),
    ("", "GET", "/v1/systems", "read"),
    ("", "POST", "/v1/events", "write"),
    ("", "GET", "/v1/snapshots", "admin"),
    ("", "POST", "/v1/snapshots", "admin"),
    ("", "POST", "/v1/snapshots/restore", "admin"),
    ("", "GET", "/v1/export/{table}", "admin"),
    ("", "DELETE", "/v1/users/{id}", "admin"),
    ("", "GET", "/v1/alarms", "read"),
    ("", "POST", "/v1/alarms/{id}/acknowledge", "admin"),
    ("", "GET", "/v1/experiments", "read"),
    ("", "POST", "/v1/experiments", "admin"),
    ("", "GET", "/v1/experiments/{key}", "read"),
    ("", "POST", "/v1/experiments/{key}/coverage", "admin"),
    ("", "POST", "/v1/experiments/{key}/look", "admin"),
    ("", "POST", "/v1/experiments/{key}/stop", "admin"),
    ("", "GET", "/v1/experiments/{key}/assignment?unit=ann", "read"),
    ("every", "GET", "/quality", "read"),
    ("every", "GET", "/drift", "read"),
    ("every", "GET", "/generations", "read"),
    ("every", "GET", "/generations/compare?first=0001&second=0002", "read"),
    ("every", "POST", "/generations/activate", "admin"),
    ("every", "POST", "/generations/rollback", "admin"),
    ("every", "POST", "/generations/compact", "admin"),
    ("every", "POST", "/generations/reembed", "admin"),
    ("classify", "POST", "/classify", "read"),
    ("zero_shot", "POST", "/classify", "read"),
    ("search", "POST", "/search", "read"),
    ("recommend", "POST", "/recommend", "read"),
    ("recommend", "GET", "/users", "read"),
    ("rank", "POST", "/rank", "read"),
    ("auction", "POST", "/auction", "read"),
    ("weigh", "GET", "/weights", "read"),
    ("weigh", "POST", "/weights/preview", "read"),
    ("suggest", "POST", "/suggest", "read"),
    ("suggest", "GET", "/blocked", "admin"),
    ("suggest", "POST", "/blocked", "admin"),
    ("similar", "POST", "/similar", "read"),
    ("facets", "POST", "/facets", "read"),
    ("texts", "GET", "/items", "read"),
    ("texts", "GET", "/items/{id}", "read"),
    ("texts", "POST", "/items", "write"),
    ("texts", "POST", "/items/delete", "write"),
    ("texts", "DELETE", "/items/{id}", "write"),
    ("explain", "POST", "/explain", "read"),
    ("review", "GET", "/review", "read"),
    ("review", "POST", "/review", "write"),
    ("review", "GET", "/review/labels", "read"),
    ("review", "GET", "/review/{id}", "read"),
    ("review", "DELETE", "/review/{id}", "write"),
    ("review", "POST", "/review/{id}/decision", "write"),
    ("review", "POST", "/review/{id}/appeal", "write"),
    ("stream", "POST", "/streams", "read"),
    ("stream", "POST", "/streams/{id}/frames", "read"),
    ("stream", "DELETE", "/streams/{id}", "read"),
    ("gallery", "GET", "/gallery", "read"),
    ("gallery", "GET", "/thumbnails?id=1", "read"),
    ("media", "GET", "/media?id=1", "read"),
    ("media", "GET", "/strip?id=1", "read"),
    ("items", "GET", "/map", "read"),
    ("items", "GET", "/items", "read"),
    ("items", "GET", "/items/{id}", "read"),
    ("items", "GET", "/items/{id}/image", "read"),
    ("items", "POST", "/items", "write"),
    ("items", "POST", "/items/delete", "write"),
    ("items", "DELETE", "/items/{id}", "write"),
    ("retrain", "POST", "/generations/retrain", "admin"),
    ("retrain", "GET", "/generations/retrain", "read"),
    ("retrain", "GET", "/loop", "read"),
    ("catalogue", "GET", "/items", "read"),
    ("catalogue", "GET", "/items/{id}", "read"),
    ("catalogue", "POST", "/items", "write"),
    ("catalogue", "POST", "/items/delete", "write"),
    ("catalogue", "DELETE", "/items/{id}", "write"),
    ("posts", "GET", "/items", "read"),
    ("posts", "GET", "/items/{id}", "read"),
    ("posts", "POST", "/items", "write"),
    ("posts", "POST", "/items/delete", "write"),
    ("posts", "DELETE", "/items/{id}", "write"),
]
"""Capability that a system has the route for, method, address and the key's scope."""
OPEN = {"/healthz", "/readyz"}
VERBS = ("classify", "search", "recommend", "suggest")


def having(*verbs):
    """Run a test for each system with one of these capabilities, all if none."""
    names = [n for n, spec in specs().items() if not verbs or any(map(spec.can, verbs))]
    return pytest.mark.parametrize("name", names)


@pytest.fixture(scope="module")
def libraries(small, tmp_path_factory):
    """A library of every system that can be made here, with two generations."""
    return _libraries(small, tmp_path_factory.mktemp("libraries"))


@pytest.fixture(scope="module")
def service(libraries, clients, tmp_path_factory):
    """A service with all of them, for tests that leave it as it is."""
    making = clients(libraries, tmp_path_factory.mktemp("service"))
    yield next(making)(max_k=200, watch=5.0)
    next(making, None)


@pytest.fixture
def copies(libraries, tmp_path):
    """Copies of the libraries, for a test that changes them."""
    for library in libraries.values():
        shutil.copytree(library.folder, tmp_path / library.name)
    return {name: Library(name, tmp_path / name) for name in libraries}


@pytest.fixture
def guarded(copies, clients, tmp_path):
    """A service of copies that asks for keys, and a key of each scope."""
    making = clients(copies, tmp_path)
    # To look at eighteen systems fifty times a second is what it would do mostly.
    client = next(making)(require_key=True, host="http://example.org", watch=5.0)
    with client.components.database.writing() as connection:
        made = {s: keys.make(connection, f"for {s}", s) for s in keys.SCOPES}
    client.components.keyring.read()
    yield client, made
    next(making, None)


def _libraries(small, folder):
    found = {}
    for name in specs():
        try:
            made = small(name)
        except pytest.skip.Exception:
            continue
        library = Library(name, folder / name)
        for number in ("0001", "0002"):
            shutil.copytree(made.folder, library.folder / number)
        library.activate("0001")
        found[name] = library
    return found


def field_of(made):
    """The field of a request that holds an input as ``small.py`` has it."""
    decoder = made.spec.decoder()
    is_text = decoder.noun != "image" and "text" in decoder.forms
    return "text" if is_text else decoder.noun


def sent(made, inputs):
    """The body of a request with these inputs."""
    field = field_of(made)
    if field == "image":
        inputs = [{"base64": base64.b64encode(file).decode()} for file in inputs]
    return {f"{field}s": list(inputs)}


def post(client, name, path, body, status=200):
    answer = client.post(f"/v1/{name}/{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def from_json(value):
    return json.loads(json.dumps(value))


def handed(service, made, user):
    """What a system that shows nothing twice has handed out to a user by now."""
    if not made.spec.shows_once:
        return []
    with service.components.database.reading() as connection:
        return handed_to(connection, made.spec.name, user)


def without_cursors(made, answers):
    """Answers, without the cursor of systems that have pages."""
    assert all(("cursor" in each) == made.spec.shows_once for each in answers)
    return [{k: v for k, v in each.items() if k != "cursor"} for each in answers]


# What is served


def test_every_system_is_listed_with_an_example_that_is_answered(service, small):
    listed = service.get("/v1/systems").json()["systems"]
    assert [each["name"] for each in listed] == list(service.components.served)
    assert len(listed) > 5
    for each in listed:
        made = small(each["name"])
        assert each["title"] == made.spec.title
        assert each["generation"] == "0001"
        assert each["input"] == made.spec.decoder().noun
        forms = list(made.spec.decoder().forms)
        if made.spec.can("zero_shot"):  # its encoder knows no words
            forms.remove("text")
        assert each["forms"] == forms
        assert set(each["capabilities"]) == set(made.spec.capabilities)
        assert not set(each["absent"]) & set(made.spec.capabilities)
        example, given = each["example"], {"json": each["example"]["body"]}
        if example["body"] == "an image file":
            given = {
                "content": made.inputs[0],
                "headers": {"content-type": "image/png"},
            }
        answer = service.request(example["method"], example["path"], **given)
        assert answer.status_code == 200, answer.text
        assert answer.json()["answers"]


@having()
def test_what_a_system_cannot_do_is_no_route(service, small, name):
    made = small(name)
    for verb in (*VERBS, "rank", "explain"):
        status = service.post(f"/v1/{name}/{verb}").status_code
        there = [verb, "zero_shot"] if verb == "classify" else [verb]
        assert (status == 404) == (not any(map(made.spec.can, there))), verb


# Answers


@having("classify")
def test_classify_answers_like_the_library(service, small, name):
    made = small(name)
    told = post(service, name, "classify", sent(made, made.inputs))
    expected = [
        {**answer.record(), "input": at}
        for at, found in enumerate(made.system.classify_each(made.queries))
        for answer in found
    ]
    assert told["answers"] == from_json(expected)
    about = (told["system"], told["generation"], told["embedding_version"])
    assert about == (name, "0001", made.system.manifest_.embedding_version)


@having("search")
def test_search_answers_like_the_library(service, small, name):
    made = small(name)
    for k in (3, 200):
        told = post(service, name, "search", {**sent(made, made.inputs), "k": k})
        expected = made.system.search_each(made.queries, k)
        hits = [each["hits"] for each in told["answers"]]
        assert hits == from_json([each.records() for each in expected])


@having("recommend")
def test_recommend_and_rank_answer_like_the_library(service, small, name):
    made = small(name)
    for k in (3, 5 if made.spec.shows_once else 200):
        gone = [handed(service, made, user) for user in made.inputs]
        told = post(service, name, "recommend", {**sent(made, made.inputs), "k": k})
        expected = [
            made.system.recommend_each([query], k, had)[0]
            for query, had in zip(made.queries, gone, strict=True)
        ]
        assert without_cursors(made, told["answers"]) == [
            _list(user, slate)
            for user, slate in zip(made.inputs, expected, strict=True)
        ]
    if made.spec.can("rank"):
        ids = expected[0].ids[4::-1]
        for user in made.queries:
            told = post(service, name, "rank", {"user": user, "ids": ids})
            assert told["answers"] == [_list(user, made.system.rank_items(user, ids))]


@having("recommend")
def test_a_request_excludes_items_and_brings_a_history(service, small, name):
    made = small(name)
    user, gone = made.queries[0], handed(service, made, made.inputs[0])
    [whole] = made.system.recommend_each([user], 9, gone)
    body = {"user": user, "k": 4, "exclude": [whole.ids[1], "no such item"]}
    told = post(service, name, "recommend", body)["answers"]
    [expected] = made.system.recommend_each([user], 4, [*body["exclude"], *gone])
    assert without_cursors(made, told) == [_list(user, expected)]
    assert whole.ids[1] not in expected.ids
    history = dict.fromkeys(whole.ids[2:5], 1.5)
    if not made.spec.can("history"):
        told = post(service, name, "recommend", {"history": history}, 422)
        assert told == {"detail": f"{name} takes no history: leave it out."}
        return
    [expected] = made.system.recommend_from([history], 3)
    for known in ({}, {"user": user}):
        body = {"history": history, "k": 3, **known}
        [told] = post(service, name, "recommend", body)["answers"]
        assert told == _list(known.get("user"), expected)
    [expected] = made.system.recommend_from([dict.fromkeys(history, 1.0)], 3)
    [told] = post(service, name, "recommend", {"history": list(history), "k": 3})[
        "answers"
    ]
    assert told == _list(None, expected)
    told = post(service, name, "recommend", {"history": {}, "k": 3})["answers"][0]
    assert told["known"] is False
    both = {"users": [user], "history": history}
    told = post(service, name, "recommend", both, 422)
    assert told == {"detail": "A history is one user's: send user or neither."}
    many = dict.fromkeys(map(str, range(1001)), 1)
    for wrong in ({"a": -1}, {"a": None}, {"": 1}, many):
        post(service, name, "recommend", {"history": wrong}, 422)


@having("similar")
def test_similar_items_are_those_of_the_library(service, small, name):
    made = small(name)
    verb = "search_each" if made.spec.can("search") else "recommend_each"
    ids = getattr(made.system, verb)(made.queries[:1], 3)[0].ids
    told = post(service, name, "similar", {"ids": ids, "k": 4})
    expected = made.system.similar_each(ids, 4)
    assert told["answers"] == [
        {"id": id, "hits": from_json(answer.records())}
        for id, answer in zip(ids, expected, strict=True)
    ]
    told = post(service, name, "similar", {"ids": [ids[0], "no such item"]}, 404)
    assert told == {"detail": "There is no item 'no such item'."}
    for wrong in ({}, {"id": ids[0], "ids": ids}, {"id": ids[0], "k": 0}):
        post(service, name, "similar", wrong, 422)


@having("facets")
def test_what_is_found_is_filtered_and_counted_like_by_the_library(
    service, small, name
):
    made = small(name)
    query, [facet, *_] = made.queries[0], made.system.facet_names
    told = post(service, name, "facets", {"text": query})
    assert told["facets"] == made.system.facet_counts(query, made.system.facet_names)
    everything = post(service, name, "facets", {"names": [facet]})["facets"]
    assert everything == made.system.facet_counts(None, [facet])
    value = list(everything[facet])[-1]
    where = {facet: value}
    told = post(service, name, "search", {"text": query, "k": 9, "where": where})
    [expected] = made.system.search_each([query], 9, {facet: [value]})
    assert told["answers"][0]["hits"] == from_json(expected.records())
    told = post(service, name, "facets", {"names": [facet], "where": where})
    assert list(told["facets"][facet]) == [value]
    for wrong in ({"names": ["no such"]}, {"text": ""}, {"where": {"no such": "1"}}):
        post(service, name, "facets", wrong, 422)


def _list(user, slate):
    given = {
        "id": slate.ids,
        "title": slate.titles,
        "score": slate.scores.tolist(),
        "propensity": slate.chances.tolist(),
        "reason": slate.reasons,
        "reason_code": slate.reason_codes,
    }
    columns = {name: values for name, values in given.items() if values}
    return {
        "user": user,
        "known": slate.known,
        "hits": [
            {"rank": rank, **dict(zip(columns, row, strict=True))}
            for rank, row in enumerate(zip(*columns.values(), strict=True), start=1)
        ],
        "rules": list(slate.rules),
    }


@having("recommend")
def test_a_few_known_users_are_named_by_their_prefix(service, small, name):
    known = small(name).system.known_users.tolist()

    def users(**query):
        return service.get(f"/v1/{name}/users", params=query).json()

    found = users(n=10)
    assert found["count"] == len(known)
    assert len(set(found["users"])) == 10
    assert set(found["users"]) <= set(known)
    assert known.index(found["users"][-1]) > len(known) // 2  # spread over all
    ends = known[8][: known[8].index("8") + 1], known[18][:-1]  # u8 may be alone
    prefix = next(p for p in ends if sum(u.startswith(p) for u in known) > 1)
    begin = [user for user in known if user.startswith(prefix)]
    assert users(prefix=prefix, n=200) == {"users": begin, "count": len(begin)}
    assert users(prefix="nobody") == {"users": [], "count": 0}
    assert service.get(f"/v1/{name}/users", params={"n": 0}).status_code == 422


@having("suggest")
def test_suggestions_are_those_of_the_library(service, small, name):
    made = small(name)
    for k in (3, 200):
        told = post(service, name, "suggest", {**sent(made, made.inputs), "k": k})
        expected = made.system.suggest_each(made.queries, k)
        assert told["answers"] == [
            {"text": text, "suggestions": [each.record() for each in found]}
            for text, found in zip(made.inputs, expected, strict=True)
        ]


@having("explain")
def test_explanations_are_those_of_the_library(service, small, name):
    made = small(name)
    noun = field_of(made)
    body = {noun: sent(made, made.inputs)[f"{noun}s"][0]}
    query = made.queries[0]
    told = post(service, name, "explain", body)
    expected = made.system.explain(query)
    assert told["reasons"] == list(expected.reasons)
    assert told["answer"] == from_json(expected.answer)
    if not made.spec.can("explain_item"):
        post(service, name, "explain", {**body, "id": "1"}, 422)
        return
    verb = "search_each" if made.spec.can("search") else "recommend_each"
    [found] = getattr(made.system, verb)([query], 3)
    told = post(service, name, "explain", {**body, "id": found.ids[2], "k": 3})
    expected = made.system.explain_item(query, found.ids[2], 3)
    assert told == {"generation": "0001", **from_json(expected)}
    post(service, name, "explain", {**body, "id": "no such item"}, 404)


@having("gallery")
def test_the_gallery_is_that_of_the_library(service, small, name):
    made = small(name)
    told = service.get(f"/v1/{name}/gallery?n=7").json()
    ids, labels = made.system.gallery(7)
    assert told == {"ids": ids, "labels": from_json(labels)}
    given = [*ids, "no such item"]
    answer = service.get(f"/v1/{name}/thumbnails", params={"id": given})
    expected = made.system.thumbnails(given)
    assert answer.content == expected.tobytes()
    assert answer.headers["x-shape"] == "x".join(map(str, expected.shape[1:]))


@having()
def test_what_was_measured_is_told(service, small, name):
    made = small(name)
    told = service.get(f"/v1/{name}/quality").json()
    expected = made.system.manifest_.with_evaluation(made.result)
    for part in ("metrics", "comparisons", "quality"):
        assert told[part] == from_json(getattr(expected, part))
    compared = f"/v1/{name}/generations/compare?first=0001&second=0002"
    told = service.get(compared).json()
    assert told["first"] == told["second"] == from_json(expected.metrics)
    assert told["sentence"].endswith(".")


@having()
def test_requests_that_make_no_sense_are_refused_in_a_sentence(service, small, name):
    made = small(name)
    noun = field_of(made)
    good = sent(made, made.inputs[:1])
    verb = next(filter(made.spec.can, VERBS))
    bad = {"image": {"base64": "AAAA"}, "text": "?!", "user": ""}[noun]
    too_many = {f"{noun}s": good[f"{noun}s"] * 257}
    for body, status in (
        ({f"{noun}s": [*good[f"{noun}s"], bad]}, 422),
        ({**good, "k": 0}, 422),
        ({**good, "k": 201}, 422 if verb != "classify" else 200),
        ({**good, "where": {"label": [1]}}, 200 if made.spec.can("items") else 422),
        ({**good, "unknown": 1}, 422),
        ({}, 422),
        (too_many, 413),
    ):
        answer = service.post(f"/v1/{name}/{verb}", json=body)
        assert answer.status_code == status, (body, answer.text)
        if status != 200:
            assert answer.json()["detail"].endswith((".", ",")), answer.text


@having("recommend", "classify", "suggest")
def test_a_body_is_json_whatever_it_is_called(service, small, name):
    made = small(name)
    verb = next(filter(made.spec.can, VERBS))
    if "file" in made.spec.decoder().forms:
        return  # it comes in three forms, and its header says in which
    body = json.dumps(sent(made, made.inputs[:1])).encode()
    for headers in ({}, {"content-type": "application/x-www-form-urlencoded"}):
        answer = service.post(f"/v1/{name}/{verb}", content=body, headers=headers)
        assert answer.status_code == 200, answer.text
    refused = service.post(f"/v1/{name}/{verb}", content=b"[]")
    assert refused.status_code == 422
    assert refused.json()["detail"].startswith("Input should be")


@having("search", "recommend", "rank")
def test_what_is_shown_is_stored(service, small, name):
    made = small(name)
    asked = {"user_id": "somebody", "query_id": f"of {name}", "k": 4}
    verb = next(v for v in ("search", "recommend") if made.spec.can(v))
    told = {verb: post(service, name, verb, {**sent(made, made.inputs[:2]), **asked})}
    if made.spec.can("rank"):
        ids = [hit["id"] for hit in told[verb]["answers"][0]["hits"]]
        body = {"user": made.inputs[0], "ids": ids, "query_id": f"ranked by {name}"}
        told["rank"] = post(service, name, "rank", body)
    service.components.writer.settle()
    with service.components.database.reading() as connection:
        query = select(exposures).where(exposures.c.system == name)
        rows = connection.execute(query.order_by(exposures.c.query_id)).mappings()
        stored = [row for row in rows if row["query_id"].split(".")[0].endswith(name)]
    lists = [each["hits"] for found in told.values() for each in found["answers"]]
    assert [[hit[0] for hit in json.loads(row["hits"])] for row in stored] == [
        [hit["id"] for hit in hits] for hits in lists
    ]
    assert [row["verb"] for row in stored] == [verb, verb, *list(told)[1:]]
    assert {row["generation"] for row in stored} == {"0001"}
    users = [row["user_id"] for row in stored]
    expected = made.inputs[:2] if verb == "recommend" else ["somebody"] * 2
    assert users[:2] == expected
    for row in stored:
        assert np.isfinite(np.frombuffer(row["features"], "<f4")).all()


def test_what_is_counted_says_of_which_system(service, small):
    for name in service.components.served:
        made = small(name)
        verb = next(filter(made.spec.can, VERBS))
        post(service, name, verb, sent(made, made.inputs[:1]))
    text = service.get("/metrics").text
    for name in service.components.served:
        verb = next(filter(small(name).spec.can, VERBS))
        for counted in (
            f'lookalike_requests_total{{route="/v1/{name}/{verb}",status="200"}}',
            f'lookalike_queries_total{{system="{name}",verb="{verb}"}}',
            f'lookalike_generation_swaps_total{{system="{name}"}}',
        ):
            assert counted in text, counted


# Generations, snapshots, keys


def test_every_system_has_generations_that_come_and_go(guarded, small):
    client, made = guarded
    client.headers["authorization"] = f"Bearer {made['admin']}"
    for name, served in client.components.served.items():
        prefix = f"/v1/{name}/generations"
        listed = client.get(prefix).json()
        assert [each["name"] for each in listed["generations"]] == ["0001", "0002"]
        assert all(each["whole"] for each in listed["generations"])
        for path, body, status, number in (
            ("activate", {"name": "0002"}, 200, "0002"),
            ("activate", {"name": "0003"}, 422, "0002"),
            ("rollback", None, 200, "0001"),
            ("rollback", None, 422, "0001"),
        ):
            answer = client.post(f"{prefix}/{path}", json=body)
            assert answer.status_code == status, answer.text
            assert client.get(prefix).json()["current"] == number
            assert served.active.generation == served.library.current() == number
            asked = next(filter(served.spec.can, VERBS))
            body = sent(small(name), small(name).inputs[:1])
            assert post(client, name, asked, body)["generation"] == number
        _items_are_kept_or_refused(client, served, prefix)


def _items_are_kept_or_refused(client, served, prefix):
    for path, number in (("compact", "0003"), ("reembed", "0002")):
        answer = client.post(f"{prefix}/{path}", json={"name": "0002"})
        if served.spec.can("items"):
            assert answer.json()["generation"] == number
            assert served.active.generation == number
        else:
            assert answer.status_code == 404
            said = answer.json()["detail"]
            assert said == f"The system {served.name} has no items to compact."


def test_a_snapshot_holds_every_system(guarded, small):
    client, made = guarded
    client.headers["authorization"] = f"Bearer {made['admin']}"
    names = list(client.components.served)
    everywhere = [dict.fromkeys(names, number) for number in ("0001", "0002")]
    taken = client.post("/v1/snapshots", json={"name": "one"}).json()
    assert taken == {"snapshot": "one", "generations": everywhere[0]}
    for name, served in client.components.served.items():
        client.post(f"/v1/{name}/generations/activate", json={"name": "0002"})
        shutil.rmtree(served.library.folder / "0001")
    assert client.get("/readyz").json()["generations"] == everywhere[1]
    restored = client.post("/v1/snapshots/restore", json={"name": "one"}).json()
    assert restored == {"snapshot": "one", "generations": everywhere[0]}
    assert client.get("/readyz").json()["generations"] == everywhere[0]
    for name in names:
        each = small(name)
        verb = next(filter(each.spec.can, VERBS))
        body = sent(each, each.inputs)
        assert post(client, name, verb, body)["generation"] == "0001"
    # A restored key could be a revoked one; the rest says what is where, now.
    left_out = {"keys", "generations", "generation_moves", "services"}
    assert {table.name for table in TABLES} == set(metadata.tables) - left_out


def test_every_route_is_tried_with_every_kind_of_key(guarded):
    client, made = guarded
    wrong = (None, "lk_nothing", made["admin"][:-1] + "~", "x" * 1000)
    trained = 0  # a process of its own each time: one system shows that it is allowed

    async def statuses(method, path, asked):
        transport = httpx2.ASGITransport(client.app)
        async with httpx2.AsyncClient(
            transport=transport, base_url=client.base_url
        ) as sender:
            return [
                (await sender.request(method, path, headers=_key(key))).status_code
                for key in asked
            ]

    # One after the other in the service's own loop: hundreds of times a second.
    for method, address, scope in _routes(client):
        path = address.replace("{table}", "events").replace("{id}", "1")
        owned = dict(made)
        if (method, path.rpartition("/")[2]) == ("POST", "retrain"):
            enough = keys.SCOPES[keys.SCOPES.index(scope) :]
            trained += 1
            for own in enough[0 if trained > 1 else 1 :]:
                del owned[own]
        asked = [*wrong, *owned.values()]
        found = client.portal.call(statuses, method, path, asked)
        assert found[: len(wrong)] == [401] * len(wrong), path
        for own, status in zip(owned, found[len(wrong) :], strict=True):
            good = keys.SCOPES.index(own) >= keys.SCOPES.index(scope)
            assert (status not in (401, 403)) == good, (path, own, status)
            assert status < 500


def _key(key):
    """The header that sends a key."""
    return {"authorization": f"Bearer {key}"} if key else {}


def test_the_table_of_routes_is_whole(service):
    paths = service.app.openapi()["paths"]
    known = {(m.upper(), path) for path, ms in paths.items() for m in ms}
    listed = {(m, p.partition("?")[0]) for m, p, _ in _routes(service)}
    assert {(m, p) for m, p in known if p not in OPEN} == listed
    assert {c for c, *_ in ROUTES} <= {"", "every", *CAPABILITIES}


def _routes(client):
    """The routes of the table, for every system that is served."""
    routes = [route for capability, *route in ROUTES if capability == ""]
    for name, served in client.components.served.items():
        routes += [
            (method, f"/v1/{name}{path}", scope)
            for capability, method, path, scope in ROUTES
            if capability == "every" or served.spec.can(capability)
        ]
    return routes


# Whatever is sent


@pytest.mark.filterwarnings("ignore")  # of what schemathesis itself uses
@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
def test_no_request_ends_in_a_5xx(copies, clients, tmp_path, mode):
    making = clients(copies, tmp_path)
    client = next(making)(max_batch=16, watch=5.0)
    schema = schemathesis.openapi.from_dict(client.app.openapi())
    operations = [result.ok() for result in schema.get_all_operations()]
    kind, seen = schemathesis.GenerationMode[mode], set()
    chosen = list(chosen_of(operations))
    for operation, n_examples in chosen:
        cases = operation.as_strategy(generation_mode=kind)
        try:
            tried(cases, n_examples, client, seen)()
        except Unsatisfiable:
            continue  # there is nothing to do wrong on this route
    answered = {path for path, status in seen if isinstance(status, int)}
    assert len(answered) > len(chosen) / 2
    reached = {path.split("/")[2] for path in answered if "/v1/" in path}
    missed = set(copies) - reached
    assert len(missed) <= (len(copies) // 2 if LONG == 1 else 0), missed
    assert client.log.getvalue().count('"request failed"') == 0
    next(making, None)


def chosen_of(operations):
    """Some operations of each route, and how many examples each is tried with.

    Those of the systems come first that were tried least, a body counted twice.
    """
    routes, tried_so_far = defaultdict(list), Counter()
    for operation in operations:
        routes[route_of(operation)].append(operation)
    for same in routes.values():
        few = sorted(same, key=lambda each: tried_so_far[named(each)])
        few = few[:N_SYSTEMS]
        for operation in few:
            tried_so_far[named(operation)] += 1 + len(operation.body)
            yield operation, max(1, N_EXAMPLES // len(few))


def named(operation):
    """The system of an address, or what stands in its place."""
    return operation.path.removeprefix("/v1").split("/")[1]


def route_of(operation):
    """The route, whichever system it is of."""
    first, _, rest = operation.path.removeprefix("/v1/").partition("/")
    return operation.method, "*" if first in specs() else first, rest


def tried(cases, n, client, seen):
    @settings(
        max_examples=n,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def call(case):
        path = case.operation.path
        try:
            answer = client.request(**request_of(case, str(client.base_url)))
        except (UnicodeError, TypeError, ValueError) as error:
            # The client itself refuses to send such a thing.
            seen.add((path, type(error).__name__))
            return
        assert answer.status_code < 500, (path, answer.text)
        seen.add((path, answer.status_code))

    return call


def request_of(case, base_url):
    """What schemathesis made up, as our client sends it."""
    sent = case.as_transport_kwargs(base_url=base_url)
    kept = ("method", "url", "params", "headers", "json", "files", "cookies")
    request = {key: sent[key] for key in kept if sent.get(key) is not None}
    if "files" in request:
        request["files"] = [
            (name, (file, part if isinstance(part, bytes) else str(part), *kind))
            for name, (file, part, *kind) in request["files"]
        ]
    request["headers"] = {**request.get("headers", {}), "host": "127.0.0.1"}
    if isinstance(sent.get("data"), (bytes, str)):
        request["content"] = sent["data"]
    elif sent.get("data") is not None:
        request["data"] = sent["data"]
    return request
