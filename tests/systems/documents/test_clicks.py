"""What was shown and clicked changes the order of documents, and can be explained."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.core.items import Item
from lookalike.core.library import Library
from lookalike.datasets import TextCollection
from lookalike.rank.clicks import Impressions
from lookalike.systems.documents import SPEC

QUERIES = ["wine", "tea and coffee", "the violin", "a rose", "road bridge"]


@pytest.fixture(scope="module")
def made(small):
    return small("documents")


def simulated(system, n_shown=900, random_state=0):
    """A log of users who look at position k with chance 1 / k, and what they like.

    Odd documents are clicked, if they are looked at, four times as often as even ones.
    """
    rng, ids = np.random.default_rng(random_state), system.item_ids
    row_of = {id: row for row, id in enumerate(ids)}
    columns = [[] for _ in range(6)]
    for showing in range(n_shown):
        [answer] = system.search_each([QUERIES[showing % len(QUERIES)]], 8)
        shuffled = showing % 5 == 0
        order = rng.permutation(8) if shuffled else np.arange(8)
        for at, hit in enumerate(order[: len(answer.ids)].tolist()):
            if hit >= len(answer.ids):
                continue
            likes = 0.6 if row_of[answer.ids[hit]] % 2 else 0.15
            clicked = rng.random() < likes / (at + 1)
            values = showing, row_of[answer.ids[hit]], at, clicked, shuffled
            for column, value in zip(columns, values, strict=False):
                column.append(value)
            columns[5].append(answer.columns["similarity"][hit])
    *shown, similarity = map(np.array, columns)
    return similarity, Impressions(*shown), ids


@pytest.fixture(scope="module")
def learned(made):
    system = SPEC.system_class.load(made.folder)
    return system.learn_clicks(*simulated(made.system))


def share_of_odd(system):
    answers = system.search_each(QUERIES, 5)
    return np.mean([int(id[1:]) % 2 for answer in answers for id in answer.ids])


def test_what_is_clicked_more_often_than_its_place_says_comes_up(made, learned):
    assert share_of_odd(learned) > share_of_odd(made.system) + 0.1
    before, after = (
        each.search_each(["wine"], 30)[0] for each in (made.system, learned)
    )
    assert sorted(before.ids) == sorted(after.ids)
    assert after.scores == sorted(after.scores, reverse=True)
    kept = dict(zip(before.ids, before.scores, strict=True))
    for id, similarity in zip(after.ids, after.columns["similarity"], strict=True):
        assert similarity == pytest.approx(kept[id])
    assert before.columns["similarity"] == before.scores


def test_the_parts_still_add_up_to_the_score(learned):
    [answer] = learned.search_each(["wine and tea"], 20)
    for rank, (id, score) in enumerate(zip(answer.ids, answer.scores, strict=True), 1):
        told = learned.explain_item("wine and tea", id)
        assert (told["rank"], told["score"]) == (
            rank,
            pytest.approx(score, abs=1e-5),
        )
    assert [part["part"] for part in told["parts"]][-2:] == ["clicks", "any document"]


def test_clicks_are_saved_and_follow_ids(learned, tmp_path):
    learned.save(tmp_path / "0001")
    again = SPEC.system_class.load(tmp_path / "0001")
    plain = [each.records() for each in learned.search_each(QUERIES, 9)]
    assert [each.records() for each in again.search_each(QUERIES, 9)] == plain
    new = Item("new", None, {"text": "wine", "kind": "drinks"}, revision=1)
    found = again.with_items([Item("d0", deleted=True, revision=2), new])
    [answer] = found.search_each(["wine"], 30)
    assert "new" in answer.ids
    kept = dict(zip(*_of(learned, "wine"), strict=True))
    odd = [id for id in answer.ids if id in kept and int(id[1:]) % 2]
    assert odd == sorted(odd, key=lambda id: -kept[id])


def _of(system, query):
    [answer] = system.search_each([query], 30)
    return answer.ids, answer.scores


def test_phrases_still_come_first(learned):
    [answer] = learned.search_each(['"of wine" tea'], 30)
    holds = ["of wine" in text.lower() for text in answer.columns["passage"]]
    titles = ["wine" in (label or "").lower() for label in answer.labels]
    firsts = [a or b for a, b in zip(holds, titles, strict=True)]
    assert firsts == sorted(firsts, reverse=True)


def test_scores_of_another_weight_are_of_another_version():
    texts = ["car motor road"] * 4 + ["motor lorry road"] * 4 + ["wine tea glass"] * 12
    ids, grades = [f"d{n}" for n in range(20)], {f"d{n}": 1 for n in range(8)}
    asked = [f"q{n}" for n in range(30)], ["car"] * 30, [grades] * 30
    data = TextCollection("own", "", ids, [""] * 20, texts, *asked, [])
    system = SPEC.new({"n_components": 2}).fit(data)
    served = system.refit(data)
    assert served.fusion_.weight > 0
    versions = [
        each.manifest_.embedding_version
        for each in (system, served, served.before_refit(data))
    ]
    weight = f"{served.fusion_.weight:g}"
    assert versions == ["words", f"words + {weight} meaning", "words"]


def test_events_of_a_service_become_an_order(made, clients, tmp_path):
    library = Library("documents", tmp_path / "documents")
    library.add(made.system.save)
    url = f"sqlite:///{tmp_path / 'service.db'}"
    making = clients({"documents": library}, tmp_path)
    client = next(making)(url, explore=0.3)
    liked = None
    for at in range(60):
        body = {"text": "wine", "k": 6, "query_id": f"q{at}"}
        answer = client.post("/v1/documents/search", json=body).json()
        ids = [hit["id"] for hit in answer["answers"][0]["hits"]]
        liked = liked or sorted(ids)[-1]
        event = {
            "event_id": f"e{at}",
            "action_name": "click",
            "timestamp": "2026-01-01T00:00:00Z",
            "query_id": f"q{at}",
            "event_attributes": {"object": {"object_id": liked}},
        }
        told = client.post("/v1/events", json={"events": [event]})
        assert told.status_code == 200, told.text
        client.post("/v1/documents/similar", json={"id": liked})  # no search
    next(making, None)
    words = ["index", "learn", "--system", "documents", "--database", url, "--json"]
    told = CliRunner().invoke(app, [*words, "--folder", str(library.folder)])
    assert told.exit_code == 0, told.output
    about = json.loads(told.stdout)
    assert (about["clicked"], about["generation"]) == (60, "0002")
    assert about["shown"] == 360
    opened = SPEC.system_class.load(library.folder / "0002")
    assert opened.search_each(["wine"], 6)[0].ids[0] == liked
    refused = CliRunner().invoke(
        app, [*words, "--network", "--folder", str(library.folder)]
    )
    assert (refused.exit_code, "no network" in refused.output) == (2, True)
