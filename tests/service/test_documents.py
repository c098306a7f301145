"""Documents over HTTP: they come, change and go, in every worker, for good."""

import random

import pytest

from lookalike.core.library import Library
from lookalike.systems.documents import Documents


@pytest.fixture
def documents(small, clients, tmp_path, url):
    """A function that starts services of one collection, which share a database."""
    libraries = {"documents": Library("documents", small("documents").folder.parent)}
    making = clients(libraries, tmp_path)
    make = next(making)
    yield lambda **options: make(url, **options)
    next(making, None)


def post(client, path, status=200, **body):
    answer = client.post(f"/v1/documents/{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def found(client, text, **body):
    hits = post(client, "search", text=text, **body)["answers"][0]["hits"]
    return [hit["id"] for hit in hits]


NEW = {
    "id": "of/bicycles",
    "title": "Bicycles",
    "text": "A bicycle has two wheels.",
    "attributes": {"kind": "roads"},
}


def test_the_next_search_of_every_worker_sees_what_came_and_went(documents):
    first, second = documents(), documents()
    assert found(first, "bicycle") == []
    told = post(first, "items", items=[NEW])
    assert told == {"upserted": 1, "revision": 1}
    for client in (second, first):
        assert found(client, "bicycles") == ["of/bicycles"]
        assert found(client, "bicycles", where={"kind": "music"}) == []
        got = client.get("/v1/documents/items/of%2Fbicycles").json()
        assert {name: got[name] for name in NEW} == NEW
        assert got["revision"] == 1
        assert client.get("/v1/documents/items").json()["count"] == 61
    facets = post(second, "facets", text="bicycle")["facets"]
    assert facets == {"kind": {"roads": 1}}
    changed = {**NEW, "text": "Two wheels and a bell."}
    assert post(second, "items", items=[changed])["revision"] == 2
    assert found(first, "bell") == ["of/bicycles"]
    assert second.delete("/v1/documents/items/of%2Fbicycles").json()["deleted"] == 1
    assert post(second, "items/delete", ids=["d0"])["revision"] == 4
    for client in (first, second):
        assert found(client, "bell bicycle") == []
        assert client.get("/v1/documents/items/d0").status_code == 404
        assert client.get("/v1/documents/items").json()["count"] == 59
    assert found(documents(), "bell bicycle") == []  # one that starts later


def test_documents_outlive_the_service_and_come_back_with_a_snapshot(documents):
    first = documents()
    post(first, "items", items=[NEW])
    name = first.post("/v1/snapshots", json={"name": "one"}).json()["snapshot"]
    post(first, "items/delete", ids=["of/bicycles", "d1"])
    assert found(first, "bicycle") == []
    answer = first.post("/v1/snapshots/restore", json={"name": name})
    assert answer.status_code == 200, answer.text
    assert found(first, "bicycle") == ["of/bicycles"]
    assert first.get("/v1/documents/items/d1").status_code == 200


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"id": "a", "text": "..."}, "must hold a letter or a digit"),
        ({"id": "a", "text": "wine", "attributes": {"colour": 1}}, "no facet 'colour'"),
        ({"id": "", "text": "wine"}, "at least 1 character"),
        ({"id": "a", "body": "wine"}, "Extra inputs are not permitted"),
        ({"id": "a", "text": "wine\x00"}, "pattern"),
    ],
)
def test_what_is_no_document_is_refused_and_none_of_the_others_is_added(
    documents, item, said
):
    client = documents()
    told = post(client, "items", 422, items=[NEW, item])
    assert said in told["detail"]
    told = post(client, "items", 422, items=[NEW, NEW])
    assert told["detail"] == "An id comes twice in one request."
    assert found(client, "bicycle") == []


def test_a_misspelt_search_says_what_was_meant(documents):
    client = documents()
    answers = post(client, "search", texts=["wime on the brigde", "wine"])["answers"]
    meant = [answer["did_you_mean"] for answer in answers]
    assert meant == ["wine on the bridge", None]
    assert [answer["shuffled"] for answer in answers] == [False, False]
    assert found(client, "bicycel") == []
    post(client, "items", items=[NEW])
    [answer] = post(client, "search", text="bicycel")["answers"]
    assert answer["did_you_mean"] == "bicycle"


def test_a_change_is_applied_without_those_before_it(documents, monkeypatch):
    client, applied, whole = documents(), [], Documents.with_items

    def with_items(system, items):
        applied.append([item.id for item in items])
        return whole(system, items)

    monkeypatch.setattr(Documents, "with_items", with_items)
    for name in ("a", "b"):
        post(client, "items", items=[{**NEW, "id": name}])
        assert sorted(found(client, "bicycle")) == ["a", "b"][: len(applied)]
    client.delete("/v1/documents/items/a")
    assert found(client, "bicycle") == ["b"]
    assert applied == [["a"], ["b"], ["a"]]


# Pages


def pages(client, between=lambda: None, **body):
    """All pages of a search, as lists of ids; ``between`` is called behind each."""
    every, cursor = [], None
    while True:
        sent = body if cursor is None else {**body, "cursor": cursor}
        [answer] = post(client, "search", **sent)["answers"]
        every.append([hit["id"] for hit in answer["hits"]])
        cursor = answer["cursor"]
        assert len(every) < 300
        if cursor is None:
            return every
        between()


@pytest.mark.parametrize("k", [1, 7, 15, 200])
def test_pages_together_are_the_whole_answer(documents, k):
    client, where = documents(), {"kind": ["roads"]}
    whole = found(client, "road", k=200, where=where)
    assert len(whole) > 8
    every = pages(client, text="road", k=k, where=where)
    assert [id for page in every for id in page] == whole
    assert [len(page) for page in every[:-1]] == [k] * (len(every) - 1)


def test_other_workers_and_other_sizes_take_up_a_cursor(documents):
    first, second = documents(), documents()
    [answer] = post(first, "search", text="the one", k=5)["answers"]
    body = {"text": "the one", "cursor": answer["cursor"], "k": 20}
    [page] = post(second, "search", **body)["answers"]
    whole = found(first, "the one", k=25)
    assert [hit["id"] for hit in page["hits"]] == whole[5:]
    assert post(first, "search", **body)["answers"][0]["hits"] == page["hits"]


def test_nothing_is_shown_twice_or_left_out_while_documents_come_and_go(documents):
    client, rng = documents(), random.Random(0)
    there = set(found(client, "wine tea", k=200))
    always, ids, n = set(there), sorted(there), iter(range(100))

    def change():
        gone = rng.choice(ids)
        client.delete(f"/v1/documents/items/{gone}")
        always.discard(gone)
        new = {"id": f"x{next(n)}", "text": "wine and tea " * rng.randrange(1, 4)}
        moved = rng.choice(sorted(always))
        again = {"id": moved, "text": "wine " + "juice " * rng.randrange(30)}
        post(client, "items", items=[new, again])

    every = [id for page in pages(client, change, text="wine tea", k=3) for id in page]
    assert len(every) == len(set(every)) > 10
    assert always <= set(every)


def test_what_was_shown_and_is_gone_ends_no_pages(documents):
    client = documents()
    whole = found(client, "wine tea", k=200)
    [answer] = post(client, "search", text="wine tea", k=8)["answers"]
    post(client, "items/delete", ids=whole[:8])
    left, cursor = [], answer["cursor"]
    while cursor is not None:
        sent = {"text": "wine tea", "k": 2, "cursor": cursor}
        [page] = post(client, "search", **sent)["answers"]
        left += [hit["id"] for hit in page["hits"]]
        cursor = page["cursor"]
    assert sorted(left) == sorted(whole[8:])
    assert len(left) > 4


def test_pages_end_where_the_service_gives_no_more(documents):
    client = documents(max_k=12)
    every = pages(client, text="the one", k=5)
    assert [len(page) for page in every] == [5, 5, 2]
    assert post(client, "search", 422, text="one", k=13)["detail"]
    texts = post(client, "search", texts=["the one", "zebra"], k=12)["answers"]
    assert [answer["cursor"] for answer in texts] == [None, None]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"cursor": "x"}, "The cursor is damaged: send it as the answer gave it."),
        ({"cursor": "é"}, "The cursor is damaged: send it as the answer gave it."),
        ({"cursor": "flipped"}, "The cursor is damaged: send it as the answer gave"),
        ({"cursor": "cut"}, "The cursor is damaged: send it as the answer gave it."),
        ({"text": "wine"}, "The cursor is of another search: send its text and"),
        ({"where": {"kind": "music"}}, "The cursor is of another search: send its"),
        ({"text": None, "texts": ["tea", "wine"]}, "A cursor is of one text; got 2"),
    ],
)
def test_cursors_that_are_damaged_or_foreign_are_refused(documents, body, sentence):
    client = documents()
    [answer] = post(client, "search", text="tea", k=2)["answers"]
    good = answer["cursor"]
    wrong = {"flipped": good[:12] + good[12].swapcase() + good[13:], "cut": good[:-8]}
    sent = {"text": "tea", "k": 2, "cursor": good} | body
    sent["cursor"] = wrong.get(sent["cursor"], sent["cursor"])
    assert sent["cursor"] != good or body.keys() != {"cursor"}
    detail = post(client, "search", 422, **sent)["detail"]
    assert detail.startswith(sentence)
    assert post(client, "search", text="tea", k=2, cursor=good)["answers"]
