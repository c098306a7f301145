"""Posts that wait for a person: the queue, decisions, appeals, and labels of them."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from lookalike.core.library import Library
from lookalike.datasets.composed_posts import INTENTS, compose_posts, labelled
from lookalike.datasets.own_posts import load_own_posts
from lookalike.datasets.posts import Posts
from lookalike.systems.harmful.actions import Costs, value_of_look
from lookalike.systems.harmful.system import Harmful


def picture(thing):
    found = np.full((16, 16), 20, np.uint8)
    found[4 + thing % 10] = 230
    return found


def png(thing):
    out = io.BytesIO()
    Image.fromarray(picture(thing)).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """A system that learned pictures a little, so that it doubts: a generation."""
    folder = tmp_path_factory.mktemp("reviewed")
    things = np.arange(10)
    pictures = np.stack(list(map(picture, things)))
    parts = [labelled(compose_posts(pictures, things, n, n), n) for n in (300, 150, 60)]
    made = Library("harmful", folder / "harmful")
    system = Harmful().fit(Posts("toy", "", ("any",), *parts))
    made.activate(system.save(made.folder / "0001").name)
    return made


@pytest.fixture(scope="module")
def client(library, clients, tmp_path_factory):
    """A service for all tests; each sends its posts anew, so that all wait again."""
    making = clients({"harmful": library}, tmp_path_factory.mktemp("service"))
    yield next(making)()
    next(making, None)


def asked(client, method, path, status=200, **body):
    given = {"json": body} if method in ("post", "put") else {}
    answer = getattr(client, method)(f"/v1/harmful/{path}", **given)
    assert answer.status_code == status, answer.text
    return answer.json()


def queued(client):
    """Send posts until some wait; return the ids of those that do."""
    posts = [
        {
            "id": f"post {thing} {at}",
            "text": INTENTS[at][0],
            "picture": {"base64": png(thing)},
            "views": 1.0 + thing,
        }
        for thing in range(0, 10, 2)
        for at in range(8)
    ]
    told = asked(client, "post", "review", posts=posts)["answers"]
    assert [each["id"] for each in told] == [each["id"] for each in posts]
    found = [each["id"] for each in told if each["waits"]]
    assert {each["action"] for each in told if each["waits"]} == {"queue"}
    assert 4 <= len(found) < 40
    return found


def test_text_and_picture_are_judged_together(client):
    sent = {"text": INTENTS[0][0], "picture": {"base64": png(0)}}
    [one] = asked(client, "post", "classify", **sent)["answers"]
    assert one["judged_by"] == "text, picture"
    [alone] = asked(client, "post", "classify", text=INTENTS[0][0])["answers"]
    assert alone["judged_by"] == "text"
    more = {"author": {"violations": 4}, "reactions": {"reports": 9}}
    several = asked(client, "post", "classify", posts=[sent, {**sent, **more}])
    first, second = several["answers"]
    assert first == one
    assert second["judged_by"] == "text, picture, author, reactions"
    reasons = asked(client, "post", "explain", **sent)["reasons"]
    assert any("the picture's rows" in each for each in reasons)
    assert not any(INTENTS[0][0].split()[0] in each for each in reasons)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "Send either text or texts"),
        ({"text": ""}, "The text is empty"),
        ({"text": "\N{SLIGHTLY SMILING FACE}"}, "holds no letters"),
        ({"text": "x" * 100_001}, "at most 100000"),
        ({"author": {"days": 3}}, "needs a text or a picture"),
        ({"text": "so", "picture": {"base64": "AAAA"}}, "image"),
        ({"text": "so", "picture": {"base64": png(1)[:80]}}, "image"),
        ({"text": "so", "picture": {}}, "either base64 or pixels"),
        ({"text": "so", "author": {"age": 3}}, "author has days"),
        ({"texts": ["so"], "picture": {"pixels": [[1]]}}, "either texts or posts"),
        ({"text": "so", "posts": [{"text": "so"}]}, "either post or posts"),
    ],
)
def test_what_is_no_post_is_refused_in_a_sentence(client, sent, said):
    detail = asked(client, "post", "classify", 422, **sent)["detail"]
    assert said in detail
    assert len(detail) < 200


def test_what_cannot_be_said_is_said(client):
    for text in ("здравствуйте", "שלום \u202egood\u202c day"):
        [found] = asked(client, "post", "classify", text=text)["answers"]
        assert (found["action"], found["language"]) == ("queue", None)
        assert (found["low"], found["high"]) == (0.0, 1.0)


def test_posts_wait_in_the_order_of_what_a_look_saves_and_are_masked(client):
    ids = queued(client)
    found = asked(client, "get", "review?n=200")
    assert found["waiting"] == len(ids)
    assert {each["id"] for each in found["posts"]} == set(ids)
    values = [each["value"] for each in found["posts"]]
    assert values == sorted(values, reverse=True)
    for each in found["posts"]:
        views = 1.0 + int(each["id"].split()[1])
        assert each["value"] == value_of_look(each["probability"], Costs(), views)
    first = found["posts"][0]
    whole = asked(client, "get", f"review/{first['id']}?reveal=true")
    assert first["text"] != whole["text"]
    assert first["text"][0] == whole["text"][0]
    assert whole["text"] in [sentences[0] for sentences in INTENTS]
    assert "picture" not in first
    thing = int(first["id"].split()[1])
    assert whole["picture"]["base64"] == png(thing)


def test_decisions_are_stored_and_come_back_as_labels(client, tmp_path):
    first, second, third = queued(client)[:3]
    n = asked(client, "get", "review")["waiting"]
    removed = asked(client, "post", f"review/{first}/decision", decision="remove")
    assert (removed["decision"], removed["kinds"]) == ("remove", ["any"])
    asked(client, "post", f"review/{second}/decision", decision="keep")
    asked(client, "post", f"review/{third}/decision", decision="skip")
    found = asked(client, "get", "review?n=200")
    assert found["waiting"] == n - 2
    assert found["posts"][-1]["id"] == third
    table = client.get("/v1/harmful/review/labels").text
    assert len(table.splitlines()) == 3
    lines = table.splitlines()
    assert lines[0] == "text,language,any"
    assert [line.rpartition(",")[2] for line in lines[1:]] == ["1", "0"]
    (tmp_path / "labels.csv").write_text(table)
    own = load_own_posts(tmp_path / "labels.csv")
    assert own.train.languages + own.validation.languages + own.test.languages == (
        "en",
        "en",
    )


def test_an_appeal_lets_a_post_wait_again_before_all_others(client):
    *_, last = queued(client)
    asked(client, "post", f"review/{last}/decision", decision="remove")
    told = asked(client, "post", f"review/{last}/appeal", reason="It is a joke.")
    assert told["decision"] is None
    first = asked(client, "get", "review?n=1&reveal=true")["posts"][0]
    assert (first["id"], first["appeal"]) == (last, "It is a joke.")
    asked(client, "post", f"review/{last}/decision", decision="keep")
    assert asked(client, "get", f"review/{last}")["decision"] == "keep"


def test_what_is_decided_wrongly_is_refused_and_what_is_unknown_not_found(client):
    [id, *_] = queued(client)
    for body in (
        {"decision": "burn"},
        {"decision": "remove", "kinds": ["nonsense"]},
        {"decision": "keep", "kinds": ["any"]},
    ):
        asked(client, "post", f"review/{id}/decision", 422, **body)
    assert asked(client, "get", f"review/{id}")["decision"] is None
    asked(client, "delete", f"review/{id}")
    for method, path, body in (
        ("get", f"review/{id}", {}),
        ("delete", f"review/{id}", {}),
        ("post", f"review/{id}/decision", {"decision": "keep"}),
        ("post", f"review/{id}/appeal", {"reason": "why"}),
    ):
        assert "No post" in asked(client, method, path, 404, **body)["detail"]


def test_of_two_posts_under_one_id_the_last_waits(client):
    posts = [{"id": "twice", "text": text} for text in ("здравствуйте", "привет вам")]
    told = asked(client, "post", "review", posts=posts)["answers"]
    assert [each["waits"] for each in told] == [True, True]
    assert asked(client, "get", "review/twice?reveal=true")["text"] == "привет вам"


def test_no_text_of_a_post_is_logged(client):
    queued(client)
    for sentences in INTENTS:
        assert sentences[0] not in client.log.getvalue()
