"""What clients of HTTP services send: HEAD, compression, data URLs, bounds."""

import asyncio
import base64
import gzip
import io
import json
import zlib

import numpy as np
import pytest
import sqlalchemy as sa
from PIL import Image

from lookalike.core.items import Item
from lookalike.service.database.events import delete_before
from lookalike.service.database.tables import events, exposures
from lookalike.service.routes.common import json_response
from lookalike.systems.digits.system import Digits

JSON = {"content-type": "application/json"}


def event(name, when="2026-11-20T00:00:00Z", **fields):
    return {"event_id": name, "action_name": "click", "timestamp": when, **fields}


def png(image):
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def client(make_client):
    return make_client()


def stored(client, column):
    """All values of a column, once what waits is written."""
    client.components.writer.settle()
    with client.components.database.reading() as connection:
        return connection.execute(sa.select(column)).scalars().all()


# --- HEAD -----------------------------------------------------------------------------


def test_head_is_answered_like_get_without_the_body(client):
    for path in ("/healthz", "/v1/systems", "/", "/v1/digits/items"):
        head, get = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert len(get.content) > 0
        for name in ("content-type", "content-length", "content-security-policy"):
            assert head.headers[name] == get.headers[name]


def test_head_asks_for_the_same_key_and_counts_as_its_route(make_client):
    client = make_client(require_key=True)
    assert client.head("/v1/systems").status_code == 401
    assert client.head("/v1/nothing").status_code == 404
    client = make_client()
    client.head("/v1/systems")
    count = client.components.metrics.requests.labels("/v1/systems", "200")
    assert count._value.get() == 1
    assert client.head("/v1/events").status_code == 405


def test_an_id_with_signs_counts_as_its_route(client):
    client.get("/v1/digits/items/a%20b")
    route = "/v1/digits/items/{id}"
    count = client.components.metrics.requests.labels(route, "404")
    assert count._value.get() == 1


# --- bodies ---------------------------------------------------------------------------


def _in_two(body):
    return gzip.compress(body[:9]) + gzip.compress(body[9:])


def test_a_compressed_body_is_inflated(client):
    ways = [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("GZip", _in_two),
        ("deflate", zlib.compress),
        ("identity", bytes),
    ]
    for i, (encoding, compress) in enumerate(ways):
        body = compress(json.dumps({"events": [event(f"e{i}")]}).encode())
        sent = {**JSON, "content-encoding": encoding}
        answer = client.post("/v1/events", content=body, headers=sent)
        assert answer.json() == {"acknowledged": 1, "new": 1}, encoding


def test_a_compressed_image_is_recognised(client, digits_data):
    picture = png(digits_data.x_test[0])
    kind = {"content-type": "image/png"}
    plain = client.post("/v1/digits/classify", content=picture, headers=kind)
    sent = {**kind, "content-encoding": "gzip"}
    inflated = client.post(
        "/v1/digits/classify", content=gzip.compress(picture), headers=sent
    )
    assert inflated.json()["answers"] == plain.json()["answers"]


def test_what_cannot_be_inflated_is_refused(make_client):
    client = make_client(max_body=2_000_000)
    cases = [
        (gzip.compress(bytes(3_000_000)), "gzip", 413, "2,000,000 bytes at most"),
        (3 * gzip.compress(bytes(900_000)), "gzip", 413, "2,000,000 bytes at most"),
        (b"no gzip", "gzip", 422, "not what gzip or deflate write"),
        (gzip.compress(b"[]")[:-4], "gzip", 422, "ends too early"),
        (gzip.compress(b"[]") + b"more", "gzip", 422, "not what gzip"),
        (b"", "gzip", 422, "ends too early"),
        (b"[]", "br", 415, "gzip or deflate"),
    ]
    for body, encoding, status, sentence in cases:
        sent = {**JSON, "content-encoding": encoding}
        answer = client.post("/v1/events", content=body, headers=sent)
        assert answer.status_code == status
        assert sentence in answer.json()["detail"]


@pytest.mark.parametrize("encoding", [[], [(b"content-encoding", b"gzip")]])
def test_who_goes_away_while_sending_is_no_failure(client, encoding):
    path, sent = "/v1/digits/search", []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode()}
    scope |= {"query_string": b"", "headers": headers + encoding, "http_version": "1.1"}
    asyncio.run(client.app(scope, receive, send))
    assert sent == []
    count = client.components.metrics.requests.labels(path, "499")
    assert count._value.get() == 1
    assert "failed" not in client.log.getvalue()


def test_a_query_keeps_its_id_while_nothing_is_logged(make_client, digits_data):
    client = make_client(log_exposures=False)
    body = {"image": {"pixels": digits_data.x_test[0].tolist()}, "query_id": "mine"}
    for _ in range(2):
        answer = client.post("/v1/digits/search", json=body)
        assert answer.json()["query_id"] == "mine"


def test_a_search_with_an_id_is_answered_while_the_database_is_not(client, digits_data):
    file = client.components.database.file
    file.rename(file.with_suffix(".away"))
    client.components.database.engine.dispose()
    body = {"image": {"pixels": digits_data.x_test[0].tolist()}, "query_id": "mine"}
    answer = client.post("/v1/digits/search", json=body)
    assert answer.status_code == 200, answer.text
    file.with_suffix(".away").rename(file)


def test_json_may_begin_with_a_byte_order_mark(client, digits_data):
    search = {"image": {"pixels": digits_data.x_test[0].tolist()}, "k": 1}
    for path, body in (("events", {"events": [event("z")]}), ("digits/search", search)):
        text = b"\xef\xbb\xbf" + json.dumps(body).encode()
        assert client.post(f"/v1/{path}", content=text, headers=JSON).status_code == 200


def test_base64_may_be_in_lines_and_in_a_data_url(client, digits_data):
    text = base64.b64encode(png(digits_data.x_test[0])).decode()
    lines = "\r\n".join(text[i : i + 76] for i in range(0, len(text), 76))
    forms = [
        text,
        lines,
        f"data:image/png;base64,{text}",
        f"DATA:image/png;name=a.png;Base64,{lines}",
    ]
    answers = [
        client.post("/v1/digits/search", json={"image": {"base64": form}}).json()
        for form in forms
    ]
    assert all(each["answers"] == answers[0]["answers"] for each in answers)


def test_what_is_no_base64_is_refused(client):
    for text in ("data:image/png,abc", "!", "data:;base64,?"):
        answer = client.post("/v1/digits/search", json={"image": {"base64": text}})
        assert answer.status_code == 422
        assert "is no base64" in answer.json()["detail"]


# --- filters --------------------------------------------------------------------------


PRICES = {"free": 0, "cheap": 2.5, "dear": 19.5, "old": "19.5", "yes": True}


def test_items_are_filtered_by_numbers_and_bounds(client, digits_data):
    image = {"pixels": digits_data.x_test[0].tolist()}
    new = [
        {"id": id, "label": 7, "image": image, "attributes": {"price": price}}
        for id, price in PRICES.items()
    ]
    assert client.post("/v1/digits/items", json={"items": new}).status_code == 200
    cases = [
        ({"price": [19.5]}, {"dear"}),
        ({"price": [2.5, 0]}, {"free", "cheap"}),
        ({"price": {"gte": 2.5}}, {"cheap", "dear"}),
        ({"price": {"gt": 2.5}}, {"dear"}),
        ({"price": {"lt": 2.5}}, {"free"}),
        ({"price": {"lte": 2.5, "gt": -1}}, {"free", "cheap"}),
        ({"price": {}}, {"free", "cheap", "dear"}),
        ({"price": {"gte": 1}, "label": {"lte": 7, "gte": 7}}, {"cheap", "dear"}),
        ({"price": {"gte": 1}, "label": {"gt": 7}}, set()),
    ]
    for where, found in cases:
        body = {"image": image, "k": 50, "where": where}
        [answer] = client.post("/v1/digits/search", json=body).json()["answers"]
        assert {hit["id"] for hit in answer["hits"]} == found, where


def test_bounds_that_are_none_are_refused(client, digits_data):
    body = {"image": {"pixels": digits_data.x_test[0].tolist()}}
    for allowed in ({"above": 1}, {"gt": "1a"}, 3):
        sent = {**body, "where": {"price": allowed}}
        assert client.post("/v1/digits/search", json=sent).status_code == 422


def test_bounds_are_those_of_the_library_too(library, digits_data):
    items = Digits.load(library.folder / "0001").items_
    labels = items.base_labels
    found = items.matching({"label": {"gt": 3, "lte": 5}})
    np.testing.assert_array_equal(found, np.flatnonzero((labels > 3) & (labels <= 5)))
    vector = items.base_vectors[0]
    items.apply([Item("new", label=3, vector=vector, attributes={"price": 2})])
    assert len(items.matching({"price": {"gte": 2, "lte": 2}})) == 1
    with pytest.raises(ValueError, match="must be among gte, gt, lte, lt, got above"):
        items.matching({"price": {"above": 1}})


# --- events ---------------------------------------------------------------------------


def test_numbers_that_json_does_not_know_are_refused(client):
    text = json.dumps({"events": [event("n", event_attributes="here")]})
    for value in ("NaN", "Infinity", "-Infinity", "1e999", "[1, NaN]"):
        for where in (
            '{"price": %s}',
            '{"object": {"deep": {"a": %s}}}',
            '{"position": %s}',
        ):
            body = text.replace('"here"', where % value)
            answer = client.post("/v1/events", content=body, headers=JSON)
            assert answer.status_code == 422, body
    assert stored(client, events.c.event_id) == []


def test_answers_are_json_or_none():
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_response({"score": float("nan")})


def test_instants_outside_the_years_are_refused(client):
    for when in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        answer = client.post("/v1/events", json={"events": [event("e", when)]})
        assert answer.status_code == 422
        assert "from 1 to 9999" in answer.json()["detail"]


def test_the_first_and_the_last_instant_are_exported(client):
    parquet = pytest.importorskip("pyarrow.parquet")
    instants = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"]
    sent = [event(when, when) for when in instants]
    assert client.post("/v1/events", json={"events": sent}).status_code == 200
    exported = client.get("/v1/export/events").content
    rows = parquet.read_table(io.BytesIO(exported)).to_pylist()
    found = [row["timestamp"].isoformat().replace("+00:00", "Z") for row in rows]
    assert found == instants


def test_events_are_kept_by_default_and_deleted_by_their_arrival(make_client):
    client = make_client()
    assert client.components.settings.keep_days == 0
    old, new = (
        event("old", "2001-01-01T00:00:00Z"),
        event("new", "2101-01-01T00:00:00Z"),
    )
    client.post("/v1/events", json={"events": [old, new]})
    [received] = set(stored(client, events.c.received))
    for instant, left in ((received, ["new", "old"]), (received + 1, [])):
        with client.components.database.writing() as connection:
            delete_before(connection, instant)
        assert sorted(stored(client, events.c.event_id)) == left


# --- ids of queries -------------------------------------------------------------------


@pytest.mark.parametrize("settled", [True, False])
def test_a_query_id_that_comes_twice_gets_an_ending(client, digits_data, settled):
    body = {"image": {"pixels": digits_data.x_test[0].tolist()}, "query_id": "q1"}
    first = client.post("/v1/digits/search", json={**body, "k": 3}).json()
    if settled:  # as after a restart: only the database knows the id
        assert stored(client, exposures.c.query_id) == ["q1"]
        client.components.exposures._claimed.clear()
    second = client.post("/v1/digits/search", json={**body, "k": 7}).json()
    assert first["query_id"] == "q1"
    assert second["query_id"].startswith("q1~")
    ids = stored(client, exposures.c.query_id)
    assert sorted(ids) == ["q1", second["query_id"]]
