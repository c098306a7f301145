"""Games over HTTP: the lists of the service are those of the library."""

import numpy as np
import pytest

from lookalike.core.library import Library
from lookalike.datasets.interactions import Interactions, hold_out_random
from lookalike.systems.games.system import Games

pytest.importorskip("fastapi")


def plays():
    rng = np.random.default_rng(0)
    there = (np.arange(90)[:, None] % 3 == np.arange(30) % 3) & (
        rng.random((90, 30)) < 0.6
    )
    user, item = np.nonzero(there)
    titles = np.array([f"game {i}" for i in range(30)])
    return Interactions(
        name="toy",
        checksum="0" * 64,
        users=np.array([f"player {i} 🎲" for i in range(90)]),
        items=titles,
        user=user,
        item=item,
        value=np.ones(len(user)),
        time=None,
        held_out=hold_out_random(user),
        titles=titles,
        genres=np.full(30, ""),
        years=np.full(30, np.nan),
    )


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    from starlette.testclient import TestClient

    from lookalike.service import create_app
    from lookalike.service.database import Database
    from lookalike.service.settings import Settings

    folder = tmp_path_factory.mktemp("games")
    system = Games(ranker="logistic").fit(plays())
    library = Library("games", folder / "library")
    library.add(system.save)
    database = Database(f"sqlite:///{folder}/l.db", "fast")
    settings = Settings(state=folder / "state")
    app = create_app({"games": library}, database, settings)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield client, system


def test_a_list_of_the_service_is_that_of_the_library(served):
    client, system = served
    users = system.known_users[:5].tolist()
    sent = {"users": users, "k": 5}
    answers = client.post("/v1/games/recommend", json=sent).json()["answers"]
    expected = system.recommend(users, k=5)
    for row, each in enumerate(answers):
        assert each["known"]
        assert [hit["id"] for hit in each["hits"]] == expected.ids[row].tolist()
        scores = [hit["score"] for hit in each["hits"]]
        np.testing.assert_array_equal(scores, expected.scores[row])


def test_somebody_unknown_is_answered_with_a_reason(served):
    client, system = served
    sent = {"users": ["nobody"], "k": 3}
    (answer,) = client.post("/v1/games/recommend", json=sent).json()["answers"]
    assert answer["known"] is False
    ids = [hit["id"] for hit in answer["hits"]]
    assert ids == system.recommend(["nobody"], k=3).ids[0].tolist()
    assert "nothing is known" in answer["hits"][0]["reason"]


def test_hits_have_ranks_and_titles(served):
    client, system = served
    user = str(system.known_users[0])
    sent = {"user": user, "k": 3}
    [answer] = client.post("/v1/games/recommend", json=sent).json()["answers"]
    [expected] = system.recommend_each([user], 3)
    assert [hit["rank"] for hit in answer["hits"]] == [1, 2, 3]
    assert [hit["title"] for hit in answer["hits"]] == expected.titles


def test_a_few_known_users_are_named_by_their_prefix(served):
    client, system = served
    known = system.known_users.tolist()

    def users(**query):
        return client.get("/v1/games/users", params=query).json()

    found = users(n=10)
    assert found["count"] == len(known)
    assert len(set(found["users"])) == 10
    assert set(found["users"]) <= set(known)
    assert known.index(found["users"][-1]) > len(known) // 2  # spread over all
    begin = [name for name in known if name.startswith("player 8")]
    assert users(prefix="player 8") == {"users": begin, "count": len(begin)}
    assert users(prefix="nobody") == {"users": [], "count": 0}
    assert client.get("/v1/games/users", params={"n": 0}).status_code == 422
