"""What another policy would have done: told from a service's log, the truth known."""

import json
import os
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.core.library import Library
from lookalike.datasets.interactions import Interactions, hold_out_random
from lookalike.service.database.events import erase
from lookalike.service.database.mentions import Mentions
from lookalike.service.database.migrate import open_database
from lookalike.service.database.tables import exposures
from lookalike.service.logged_lists import read_lists, reward_of
from lookalike.service.policies import (
    Policy,
    other_generation,
    other_weights,
    same_order,
)
from lookalike.service.what_if import judge_last_place, judge_order
from lookalike.systems.shop import SPEC

K, SHARE, ROUNDS = 2, 0.8, 5
N_ITEMS = 10
LONG = int(os.environ.get("LOOKALIKE_LONG", "1"))
MOMENT = "2026-01-01T00:00:00Z"


def liked(id):
    """The chance that an item in the last place is bought: the same for everybody."""
    return 0.1 + 0.8 * (int(id[3:]) % 4) / 3


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """A shop with two generations; the second has learned from other customers."""
    rng = np.random.default_rng(0)
    skus = np.array([f"sku{i}" for i in range(N_ITEMS)])
    found = Library("shop", tmp_path_factory.mktemp("shop") / "library")
    for seed in (0, 1):
        chance = np.where(
            np.arange(100)[:, None] % 2 == np.arange(N_ITEMS) % 2, 0.4, 0.1
        ) * np.random.default_rng(seed).uniform(0.3, 1.7, N_ITEMS)
        customer, item = np.nonzero(rng.random((100, N_ITEMS)) < chance)
        log = Interactions(
            *("toy", "", np.array([f"c{i}" for i in range(100)]), skus),
            *(customer, item, np.ones(len(item)), None, hold_out_random(customer)),
            *(skus, np.full(N_ITEMS, ""), np.full(N_ITEMS, np.nan)),
        )
        found.add(SPEC.new({"ranker": "logistic"}).fit(log).save)
    found.activate("0001")
    return found


@pytest.fixture(scope="module")
def logged(library, clients, tmp_path_factory):
    """The folder with the database of a service that explored, and was answered."""
    folder = tmp_path_factory.mktemp("served")
    url = f"sqlite:///{folder}/l.db"
    making = clients({"shop": library}, folder)
    client = next(making)(url, explore=SHARE)
    rng, users = np.random.default_rng(0), [f"c{i}" for i in range(100)]
    for n in range(ROUNDS):
        sent = {"users": users, "k": K, "query_id": f"q{n}"}
        answer = client.post("/v1/shop/recommend", json=sent).json()
        bought = [
            (f"q{n}.{at}" if at else f"q{n}", each["user"], hit["id"])
            for at, each in enumerate(answer["answers"])
            for place, hit in enumerate(each["hits"])
            if rng.random() < (liked(hit["id"]) if place == K - 1 else 0.2)
        ]
        events = [
            {
                "event_id": f"{query} {id}",
                "action_name": "purchase",
                "query_id": query,
                "client_id": user,  # who bought stays as they were known
                "timestamp": MOMENT,
                "event_attributes": {"object": {"object_id": id}},
            }
            for query, user, id in bought
        ]
        told = client.post("/v1/events", json={"events": events}).json()
        assert told["new"] == len(events)
    client.components.writer.settle()
    yield folder, client
    next(making, None)


@pytest.fixture(scope="module")
def database(logged):
    with closing(open_database(f"sqlite:///{logged[0]}/l.db")) as found:
        yield found


@pytest.fixture(scope="module")
def lists(database):
    return read_lists(database, "shop", "recommend", reward_of("any"))


@pytest.fixture(scope="module")
def policies(library, database, lists):
    """Other policies, each asked once what it does in every list."""
    system = SPEC.system_class.load(library.open()[0])
    weights = dict.fromkeys(system.feature_names[:2], -3.0)
    found = {
        "generation": other_generation(SPEC, library, database, "0002"),
        "weights": other_weights(system, "0001", weights, share=0.1),
        "explores": same_order(1.0),
    }
    return {name: Asked(policy, lists) for name, policy in found.items()}


class Asked(Policy):
    """A policy whose answers are kept."""

    def __init__(self, policy, lists):
        super().__init__(policy.sentence, policy.scores, policy.share)
        object.__setattr__(self, "kept", {o.query_id: policy.chances(o) for o in lists})

    def chances(self, one):
        return self.kept[one.query_id]

    def truth(self, lists):
        """What it earns in the last places of these lists, without any chance."""
        liking = [[liked(id) for id in one.draw.items] for one in lists]
        pairs = zip(map(self.chances, lists), liking, strict=True)
        return float(np.mean([chance @ like for chance, like in pairs]))


def test_the_log_of_a_service_knows_what_each_place_was_drawn_from(lists):
    assert len(lists) == ROUNDS * 100
    for one in lists:
        assert len(one.ids) == K
        assert one.propensities[:-1].tolist() == [1.0] * (K - 1)
        draw = one.draw
        assert draw.items[draw.taken] == one.ids[-1]
        assert not set(draw.items) & set(one.ids[:-1])
        assert (np.diff(draw.scores) <= 0).all()
        m = len(draw.items)
        assert m > 1
        first = (draw.taken == 0) * (1 - SHARE)
        assert one.propensities[-1] == pytest.approx(first + SHARE / m)
        assert draw.features.shape[0] == m
    assert 0.6 < np.mean([one.draw.taken > 0 for one in lists]) < 0.8


@pytest.mark.parametrize("name", ["generation", "weights", "explores"])
def test_the_log_of_a_service_tells_what_another_policy_earns(lists, policies, name):
    policy = policies[name]
    found = judge_last_place(lists, policy, "shop")
    right = policy.truth(lists)
    assert found.n_judged == len(lists)
    ran = np.mean([one.rewards[-1] for one in lists])
    told = {n: each.interval for n, each in found.last_place.estimates.items()}
    assert name != "explores" or told["SNIPS"] is not None  # each list weighs something
    # The service draws without a seed: twice the width is four standard errors.
    for each in ("IPS", "SNIPS", "DR", "SNDR"):
        if told[each] is not None:
            assert abs(told[each].value - right) < told[each].high - told[each].low
    if found.gain is not None:
        width = found.gain.high - found.gain.low
        assert abs(found.gain.value - (right - ran)) < width
    told = found.positions["cascade"]
    assert told.found.positions[0] == pytest.approx(told.logged[0])  # left as it was
    assert told.found.positions[-1] == pytest.approx(
        found.last_place.estimates["SNIPS"].value
    )


def test_every_interval_holds_the_truth_as_often_as_it_says(lists, policies):
    """Of each list the draw and the purchase are made again, from what was logged."""
    rng = np.random.default_rng(7)
    for policy in policies.values():
        right, held = policy.truth(lists), []
        for _ in range(12 * LONG):
            drawn = [_again(one, rng) for one in lists]
            found = judge_last_place(drawn, policy, "shop").last_place
            told = [found.estimates[n].interval for n in ("SNIPS", "DR", "SNDR")]
            if told[0] is not None:
                held.append([each.low <= right <= each.high for each in told])
        assert len(held) >= 8 * LONG
        assert min(np.mean(held, axis=0)) >= (0.75 if LONG == 1 else 0.92)


def _again(one, rng):
    draw = one.draw
    m = len(draw.items)
    chance = np.full(m, draw.share / m)
    chance[0] += 1 - draw.share
    taken = int(rng.choice(m, p=chance))
    rewards = one.rewards.copy()
    rewards[-1] = rng.random() < liked(draw.items[taken])
    propensities = np.append(one.propensities[:-1], chance[taken])
    ids = [*one.ids[:-1], draw.items[taken]]
    drawn = replace(draw, taken=taken)
    return replace(one, ids=ids, rewards=rewards, propensities=propensities, draw=drawn)


# --- what cannot be told --------------------------------------------------------------


def test_what_was_learned_from_the_log_is_not_judged_by_it(library, database, lists):
    policy = other_generation(SPEC, library, database, "0002")
    early = [replace(one, timestamp=0) for one in lists[:3]]
    assert "it may know what was done" in policy.chances(early[0])
    with pytest.raises(ValueError, match=r"cannot say: 3 of 3 lists were shown before"):
        judge_last_place(early, policy, "shop")


def test_who_is_not_named_cannot_be_asked_for(library, database, lists):
    policy = other_generation(SPEC, library, database, "0002")
    assert "of nobody" in policy.chances(replace(lists[0], user=None))
    left = [replace(one, user=None) for one in lists[:5]]
    found = judge_last_place([*left, *lists[5:60]], policy, "shop")
    assert (found.n_judged, sum(found.left_out.values())) == (55, 5)
    assert "decisions weigh as much as" in found.refusal
    assert found.needed > 60


def test_where_nothing_was_explored_a_sentence_says_how_to(lists):
    sure = [replace(one, draw=None) for one in lists[:7]]
    with pytest.raises(ValueError, match=r"all 7 suggestions of shop.*--explore 0\.1"):
        judge_last_place(sure, same_order(0.5), "shop")
    with pytest.raises(ValueError, match="No suggestions of shop were logged"):
        judge_last_place([], same_order(0.5), "shop")


def test_weights_need_a_line_and_a_feature_that_there_is(library):
    system = SPEC.system_class.load(library.open()[0])
    with pytest.raises(ValueError, match="There is no feature 'size'; there are"):
        other_weights(system, "0001", {"size": 1.0})
    with pytest.raises(ValueError, match="where the ranker is a line"):
        other_weights(object(), "0001", {"size": 1.0})


# --- searches -------------------------------------------------------------------------


def shuffled(rng, n_lists, share):
    """Logged searches of four items; the better half is clicked more, the top most."""
    from lookalike.service.logged_lists import LoggedList

    found = []
    for at in range(n_lists):
        is_random = rng.random() < share
        order = rng.permutation(4) if is_random else np.arange(4)
        clicked = rng.random(4) < (0.5 - 0.1 * order) * (1 - 0.2 * np.arange(4))
        found.append(
            LoggedList(
                *(f"q{at}", None, "0001", at, [f"i{i}" for i in order]),
                *(4.0 - order, np.full(4, 0.25 if is_random else 1.0)),
                *(clicked.astype(float), None),
            )
        )
    return found


def test_the_order_of_searches_is_told_from_those_that_were_shuffled():
    found = judge_order(shuffled(np.random.default_rng(0), 3000, 0.5), 0.0, "digits")
    right = (0.5 - 0.1 * np.arange(4)) @ (1 - 0.2 * np.arange(4))
    for each in found.positions.values():
        interval = each.found.value.interval
        assert interval.low < right < interval.high
        assert interval.high - interval.low < 0.5
    assert found.measured.low < right < found.measured.high
    logged = found.positions["cascade"].logged.sum()
    half = judge_order(shuffled(np.random.default_rng(1), 3000, 0.5), 1.0, "digits")
    assert half.positions["cascade"].found.value.value == pytest.approx(
        logged, abs=0.05
    )
    assert half.measured is None
    with pytest.raises(ValueError, match="all 9 searches of digits were shown without"):
        judge_order(shuffled(np.random.default_rng(0), 9, 0.0), 0.0, "digits")


# --- the command, and what is kept ----------------------------------------------------


def run(library, logged, *words, status=0):
    where = ["--folder", str(library.folder)]
    where += ["--database", f"sqlite:///{logged[0]}/l.db"]
    done = CliRunner().invoke(app, ["what-if", "shop", *words, *where])
    assert done.exit_code == status, done.output
    return done.stdout if status < 2 else done.stderr


def test_the_command_tells_it_to_people_and_as_json(library, logged, lists):
    told = run(library, logged, "--share", "1", "--reward", "purchase")
    assert "What if: The ranker that answered, the last place random 100%" in told
    assert "judged: 500 of 500 lists" in told
    for word in ("SNIPS", "Switch-DR", "(no interval)", "gain over what ran", "all pl"):
        assert word in told
    found = json.loads(run(library, logged, "--share", "1", "--json"))
    place = found["last_place"]
    assert place["logged"]["value"] == np.mean([one.rewards[-1] for one in lists])
    assert place["estimates"]["DM"]["interval"] is None
    assert found["positions"]["cascade"]["lists"] == 500
    told = run(library, logged, "--reward", "play", "--share", "0.3")  # nobody played
    assert "0.0000 (no interval)" in told
    few = run(library, logged, "--generation", "0002", "--days", "1e-9", status=2)
    assert "No suggestions of shop were logged in that time." in few
    wrong = run(library, logged, "--generation", "0009", status=2)
    assert "The generation must be one of 0001, 0002, got '0009'." in wrong
    wrong = run(library, logged, "--weight", "popularity", status=2)
    assert "--weight takes NAME=NUMBER, each once; got 'popularity'." in wrong


def test_what_a_place_was_drawn_from_is_exported_and_deleted(library, logged, database):
    _, client = logged
    from lookalike.service.export import export

    path = logged[0] / "exposures.parquet"
    assert export(database, "exposures", path) == 500
    import pyarrow.parquet as pq

    row = pq.read_table(path).to_pylist()[0]
    assert row["drawn_share"] == SHARE
    assert len(row["drawn_features"]) % len(row["drawn"]) == 0
    assert client.post("/v1/snapshots", json={"name": "one"}).status_code == 200
    assert client.post("/v1/snapshots/restore", json={"name": "one"}).status_code == 200
    assert len(read_lists(database, "shop", "recommend", reward_of("any"))) == 500


def test_who_was_deleted_is_in_no_draw(tmp_path):
    """In a system whose items are users, a list may name them without showing them."""
    row = dict.fromkeys((c.name for c in exposures.c), None)
    row |= {
        "system": "people",
        "verb": "recommend",
        "generation": "0001",
        "features": b"",
    }
    row |= {"embedding_version": "", "revision": 0, "timestamp": 1, "query_id": "q"}
    row |= {"hits": '[["bob", 1.0, 0.9]]', "drawn": '[["bob", 1.0], ["ann", 0.5]]'}
    row |= {"drawn_features": b"", "drawn_share": 0.2}
    with closing(open_database(f"sqlite:///{tmp_path}/l.db")) as database:
        with database.writing() as connection:
            connection.execute(sa.insert(exposures), [row])
            assert erase(database, connection, Mentions("ann", False)) == 1
        with database.reading() as connection:
            [left] = connection.execute(sa.select(exposures.c.drawn)).scalars()
        assert json.loads(left) == [["bob", 1.0], ["", 0.5]]
        assert read_lists(database, "people", "recommend", reward_of("any")) == []
