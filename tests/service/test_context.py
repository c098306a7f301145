"""What is said of whoever asks, in the columns of a shop's customers: HTTP, command."""

import csv
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.core.library import Library

CITIES = "Rome", "Paris", "Oslo"


def run(*words, status=0):
    found = CliRunner().invoke(app, [str(word) for word in words])
    assert found.exit_code == status, found.output
    return found


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """A shop of three cities with their own best-sellers, trained by the command."""
    folder, rng = tmp_path_factory.mktemp("cities"), np.random.default_rng(3)
    n_users, n_items = 150, 60
    of_city = 0.5 / (1 + np.arange(n_items) // 3) ** 0.6
    mine = np.arange(n_users)[:, None] % 3 == np.arange(n_items) % 3
    taken = rng.random((n_users, n_items)) < np.where(mine, of_city, 0.03)
    with (folder / "log.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["customer", "sku"])
        table.writerows([f"c{u}", f"sku {i}"] for u, i in np.argwhere(taken))
    with (folder / "users.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["customer", "city", "age"])
        table.writerows([f"c{u}", CITIES[u % 3], 20 + u % 50] for u in range(n_users))
        table.writerow(["cold", "Oslo", 33])  # who has done nothing
    words = ["--users", folder / "users.csv", "--set", "ranker=logistic"]
    words += ["--folder", folder / "shop"]
    run("train", "shop", "--data", folder / "log.csv", *words)
    return Library("shop", folder / "shop")


@pytest.fixture
def client(library, clients, tmp_path):
    making = clients({"shop": library}, tmp_path)
    yield next(making)()
    next(making, None)


def ids(client, status=200, **body):
    answer = client.post("/v1/shop/recommend", json={"k": 8, **body})
    assert answer.status_code == status, answer.text
    if status != 200:
        return answer.json()["detail"]
    return [hit["id"] for hit in answer.json()["answers"][0]["hits"]]


def test_a_user_who_is_not_known_gets_what_a_known_one_of_this_kind_gets(
    client, library
):
    said = {"city": "Oslo", "age": 33}
    known = ids(client, user="cold")
    assert {int(id.split()[1]) % 3 for id in known} == {2}
    assert ids(client, user="nobody") != known
    assert ids(client, user="nobody", context=said) == known
    assert ids(client, context=said) == known  # who need not be named
    assert ids(client, history={}, context=said) == known
    assert ids(client, user="cold", context={"city": "Rome"}) != known
    words = ["--context", "city=Oslo", "--context", "age=33", "--k", 8, "--json"]
    told = run("recommend", "shop", "nobody", *words, "--folder", library.folder)
    assert [hit["id"] for hit in json.loads(told.stdout)["answers"]] == known


def test_what_is_said_wrongly_gets_a_sentence(client, library):
    told = ids(client, 422, user="nobody", context={"town": "Oslo"})
    assert told == "The users have the columns city, age; got 'town'."
    told = ids(client, 422, user="nobody", context={"age": "old"})
    assert told == "age must be a number, got 'old'."
    told = ids(client, 422, users=["a", "b"], context={"city": "Oslo"})
    assert "one user's" in told
    assert "context" in ids(client, 422, user="a", context={"city": {"a": 1}})
    there = ["recommend", "shop", "nobody", "--folder", library.folder, "--context"]
    assert "got 'town'" in run(*there, "town=Oslo", status=2).stderr
    assert "--context takes COLUMN=VALUE" in run(*there, "Oslo", status=2).stderr
