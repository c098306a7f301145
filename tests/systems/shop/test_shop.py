"""Shop: descriptions of items by any columns, and what they are worth."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest

from lookalike.core.items import Item
from lookalike.datasets.interactions import Interactions, hold_out_random
from lookalike.datasets.item_columns import ItemColumn
from lookalike.datasets.logs import load_movielens_log
from lookalike.evaluate import paired_test
from lookalike.evaluate.recommending import list_metrics, padded
from lookalike.systems._recommender.catalogue import Catalogue
from lookalike.systems.shop import SPEC
from lookalike.systems.shop.features import item_vectors, ranked_numbers
from lookalike.systems.shop.system import Shop

LONG = int(os.environ.get("LOOKALIKE_LONG", "1"))


def catalogue(**columns):
    n = len(next(iter(columns.values())))
    names = np.array([f"sku {at}" for at in range(n)])
    plain = (np.array(["ann"]), names, names, np.full(n, ""), np.full(n, np.nan))
    made = {name: ItemColumn.of(cells) for name, cells in columns.items()}
    return Catalogue(*plain, columns=made)


def test_numbers_are_ranks_that_no_far_value_moves():
    found = ranked_numbers(catalogue(price=["3", "1", "", "2", "2"]))[:, 0]
    np.testing.assert_allclose(found, [7 / 8, 1 / 8, 0.5, 0.5, 0.5])
    far = ranked_numbers(catalogue(price=["3e11", "1", "", "2", "2"]))[:, 0]
    np.testing.assert_array_equal(far, found)


def test_items_are_alike_by_each_column():
    words = ["red|new", "red", "blue|new", "blue"]
    alike = [
        item_vectors(catalogue(**each))
        for each in (
            {"tags": words},
            {"price": ["1", "2", "8", "9"]},
            {
                "tags": words,
                "price": ["1", "9", "2", "8"],
                "kind": ["a", "a", "b", "b"],
            },
        )
    ]
    products = [(each @ each.T).toarray() for each in alike]
    for each in products:
        np.testing.assert_allclose(np.diag(each), 1)
        assert each[0, 1] > each[0, 3]
    assert products[0][1, 3] == 0
    assert products[1][0, 1] > products[1][0, 2]


def test_items_of_which_nothing_is_known_have_no_description():
    found = item_vectors(catalogue(tags=["red|new", "", "red", "new|red"]))
    assert found[[1]].nnz == 0
    names, nothing = np.array(["a", "b"]), np.array(["", ""])
    bare = item_vectors(Catalogue(names, names, names, nothing, np.full(2, np.nan)))
    assert bare.shape[0] == 2


def test_new_items_are_suggested_by_what_is_known_of_them(made):
    data = made.data
    kind = np.array([title.split()[0] for title in data.titles])
    items = np.append(data.items, "orc of tomorrow")
    columns = {
        "tags": ItemColumn.of([*kind, "orc"], "tags"),
    }
    later = replace(
        data,
        items=items,
        titles=items,
        genres=np.full(len(items), ""),
        years=np.full(len(items), np.nan),
        columns=columns,
    )
    system = Shop(ranker="logistic").fit(later)
    [like] = system.similar_each([data.items[kind == "orc"][0]], len(items))
    assert "orc of tomorrow" in like.ids
    orcs = np.flatnonzero(kind == "orc")
    own = {str(data.items[at]): 5.0 for at in orcs[:6]}
    [found] = system.recommend_from([own], len(items))
    at = found.ids.index("orc of tomorrow")
    assert found.reason_codes[at] in ("content", "EASE_of_late")


@pytest.mark.full
def test_item_columns_cost_nothing_on_movielens():
    """Users are the unit of chance; the split of both is the same."""
    try:
        whole = load_movielens_log()
    except FileNotFoundError:
        pytest.skip("needs LOOKALIKE_DATA")
    if LONG == 1:  # a sixth of the users, unless there is time for all
        few = whole.user < len(whole.users) // 6
        names = ("user", "item", "value", "time", "held_out")
        whole = replace(whole, **{name: getattr(whole, name)[few] for name in names})
    outcomes = []
    for data in (whole, replace(whole, columns={}, titles=whole.items)):
        system = Shop(ranker="logistic").fit(data)
        relevance = system.relevance(data)
        users = np.flatnonzero(np.diff(relevance.indptr))
        slates = system.lists(system.history_.rows(users.tolist()), 20)
        ids = padded([slate.items for slate in slates], 20)
        outcomes.append(list_metrics(ids, relevance[users], 10)["ndcg_at_10"])
        assert outcomes[-1].mean() > 0.12
    found = paired_test(*outcomes)
    assert found.difference.high > 0


def test_better_things_are_worth_twice_as_much(made):
    grades = made.system.relevance(made.data)
    values = made.data.value[made.data.held_out]
    assert grades.nnz == len(values)
    assert (grades.data == 2).sum() == (values >= np.median(made.data.value)).sum()
    assert set(grades.data.tolist()) == {1.0, 2.0}


def test_what_the_command_trains_on_is_measured_again(tmp_path):
    from typer.testing import CliRunner

    from lookalike.cli.app import app

    rng = np.random.default_rng(0)
    # "user", "time", "value" and "event" would be taken where nothing else is said.
    lines = ["client,user,thing,at,time,points,value,what,event"]
    for user in range(60):
        for item in rng.choice(np.arange(user % 2, 40, 2), 8, replace=False):
            day = f"2024-0{rng.integers(1, 10)}-1{rng.integers(0, 10)}"
            points, what = rng.integers(1, 6), rng.choice(["view", "buy"])
            lines.append(
                f"c{user},u{user % 9},sku{item},{day},2020-01-01,{points},9,{what},view"
            )
    (tmp_path / "log.csv").write_text("\n".join(lines))
    things = [f"sku{item},{'odd' if item % 2 else 'even'} thing" for item in range(40)]
    (tmp_path / "items.csv").write_text("\n".join(["thing,name", *things]))
    towns = [f"c{user},{'Rome' if user % 2 else 'Riga'}" for user in range(60)]
    (tmp_path / "users.csv").write_text("\n".join(["client,town", *towns]))

    def run(*words, status=0):
        done = CliRunner().invoke(app, list(map(str, words)))
        assert done.exit_code == status, done.output
        return done.output if status == 0 else done.stderr

    log = (tmp_path / "log.csv", "--items", tmp_path / "items.csv")
    columns = ("--item", "thing", "--time", "at", "--value", "points")
    columns += ("--user", "client", "--event", "what")
    columns += ("--users", tmp_path / "users.csv")
    told = run("data", "check", *log, status=2)
    assert "say which it is with --item NAME" in told
    told = run("data", "check", *log, *columns, "--write", tmp_path / "shop.toml")
    assert "480 rows: 60 users (client), 40 items (thing), 480 pairs." in told
    assert "event: buy, " in told
    assert "user column: town, category, known of 60 users." in told
    folder = ("--folder", tmp_path / "library")
    run("train", "shop", "--data", tmp_path / "shop.toml", *folder)
    first = run("evaluate", "shop", *folder, "--json")
    run("train", "shop", "--data", *log, *columns, *folder)
    again = run("evaluate", "shop", *folder, "--json")
    metrics = [json.loads(told)["metrics"] for told in (first, again)]
    assert metrics[0] == metrics[1]
    told = run("recommend", "shop", "c1", "--k", "3", *folder)
    assert "odd thing" in told
    apart = ("--folder", tmp_path / "games")
    told = run("train", "games", "--data", *log, *apart, status=2)
    assert "The data of games have no option items." in told
    told = run("train", "shop", "--user", "client", *folder, status=2)
    assert "Options of the data, user, need --data." in told


def test_the_spec_names_its_data():
    assert SPEC.own_data_options[0] == "items"
    with pytest.raises(ValueError, match="The data of shop must be one of"):
        SPEC.find_data("nowhere")


def in_cities(n_users=300, n_items=150):
    """A log of customers of three cities, each of which has its own best-sellers."""
    rng = np.random.default_rng(3)
    city = np.arange(n_users) % 3
    of_city = 0.35 / (1 + np.arange(n_items) // 3) ** 0.6
    chance = np.where(city[:, None] == np.arange(n_items) % 3, of_city, 0.03)
    user, item = np.nonzero(rng.random((n_users, n_items)) < chance)
    items = np.array([f"sku {n}" for n in range(n_items)])
    names = ["Rome", "Paris", "Oslo"]
    ages = ["" if n % 4 else f"{20 + n % 50}" for n in range(n_users)]
    return Interactions(
        name="cities",
        checksum="",
        users=np.array([f"c{n}" for n in range(n_users)]),
        items=items,
        user=user,
        item=item,
        value=np.ones(len(user)),
        time=None,
        held_out=hold_out_random(user),
        titles=items,
        genres=np.full(n_items, ""),
        years=np.full(n_items, np.nan),
        user_columns={
            "city": ItemColumn.of([names[n] for n in city]),
            "age": ItemColumn.of(ages, "number"),
        },
    )


def test_what_is_known_of_customers_helps_where_it_matters():
    whole = in_cities()
    data = replace(whole, users=np.append(whole.users, ["cold", "bare"]))
    data = replace(
        data,
        user_columns={
            "city": ItemColumn.of([*whole.user_columns["city"].cells, "Oslo", ""]),
            "age": ItemColumn(
                "number", np.append(whole.user_columns["age"].cells, [""] * 2)
            ),
        },
    )
    outcomes = []
    for each in (data, replace(data, user_columns={})):
        system = Shop(ranker="logistic").fit(each)
        relevance = system.relevance(each)
        users = np.flatnonzero(np.diff(relevance.indptr))
        slates = system.lists(system.history_.rows(users.tolist()), 10)
        ids = padded([slate.items for slate in slates], 20)
        outcomes.append(list_metrics(ids, relevance[users], 10)["ndcg_at_10"])
        names = [generator.name for generator in system.funnel_.generators]
        assert ("customers described like you" in names) == bool(each.user_columns)
    found = paired_test(*outcomes)
    assert found.difference.low > 0
    assert found.p_value < 0.01
    system = Shop(ranker="logistic").fit(data)
    cold, bare, nobody = system.recommend_each(["cold", "bare", "nobody"], 8)
    assert {int(id.split()[1]) % 3 for id in cold.ids} == {2}
    assert set(cold.reason_codes) == {"customers_described_like_you"}
    assert bare.ids == nobody.ids != cold.ids
    assert set(bare.reason_codes) == {"new_user"}
    ranked = system.rank_items("cold", cold.ids[::-1])
    assert ranked.ids == cold.ids
    [few] = system.without_users(["cold"]).recommend_each(["cold"], 8)
    assert few.ids == nobody.ids


def with_everything_known():
    """The log of cities, with a text, tags and a date of each customer, too."""
    data, n = in_cities(), 300
    words = ["likes tea", "likes coffee in the morning", ""]
    of_users = {
        **data.user_columns,
        "about": ItemColumn.of([words[at % 3] for at in range(n)], "text"),
        "taste": ItemColumn.of(["red;new", "red", "blue, dark", ""] * 75, "tags"),
        "since": ItemColumn.of([f"2024-0{1 + at % 9}-01" for at in range(n)]),
    }
    return replace(data, user_columns=of_users)


def test_what_is_said_of_somebody_counts_as_if_it_stood_in_the_table():
    """The system is trained with a customer who has done nothing, and asked for both.

    Of the twin, who is not known, the same is said in the request.
    """
    whole = with_everything_known()
    of_users = {
        name: ItemColumn(each.kind, np.append(each.cells, each.cells[4]))
        for name, each in whole.user_columns.items()
    }
    data = replace(whole, users=np.append(whole.users, "twin"), user_columns=of_users)
    system = Shop(ranker="logistic").fit(data)
    said = {
        "city": "Paris",
        "age": 24,
        "about": "likes coffee in the morning",
        "taste": ["red", "new"],
        "since": "2024-05-01",
    }
    assert {str(each.cells[4]) for each in of_users.values()} == {
        "red;new" if isinstance(each, list) else str(each) for each in said.values()
    }
    [known] = system.recommend_each(["twin"], 8)
    [asked] = system.recommend_each(["nobody"], 8, context=said)
    [given] = system.recommend_from([{}], 8, context=said)
    assert known.ids == asked.ids == given.ids
    np.testing.assert_array_equal(known.scores, asked.scores)
    np.testing.assert_array_equal(known.features, asked.features)
    assert known.reason_codes == asked.reason_codes
    # With a history, too: that of a known customer, who is described by the same.
    [had] = np.flatnonzero(data.users == "c4")
    history = {str(data.items[at]): 1.0 for at in system.history_.items_of(had)}
    [one] = system.recommend_each(["c4"], 8)
    [other] = system.recommend_from([history], 8, context=said)
    assert one.ids == other.ids
    np.testing.assert_array_equal(one.features, other.features)
    # What is said stands in the place of what is known; the rest stays.
    [moved] = system.recommend_each(["twin"], 8, context={"city": "Oslo"})
    assert moved.ids != known.ids
    [same] = system.recommend_each(["twin"], 8, context={"city": "Paris"})
    np.testing.assert_array_equal(same.features, known.features)
    assert system.recommend_each(["twin"], 8)[0].ids == known.ids
    added = system.with_items([Item("sku new", attributes={})])
    [later] = added.recommend_each(["nobody"], 8, context=said)
    assert later.ids == known.ids


def test_what_is_said_wrongly_of_somebody_gets_a_sentence(made):
    system = Shop(ranker="logistic").fit(in_cities())
    with pytest.raises(ValueError, match="users have the columns city, age; got 'to"):
        system.recommend_each(["nobody"], context={"town": "Oslo"})
    with pytest.raises(ValueError, match="age must be a number, got 'old'"):
        system.recommend_from([{}], context={"age": "old"})
    [unknown] = system.recommend_each(["nobody"], 5, context={"city": "Bern"})
    [nobody] = system.recommend_each(["nobody"], 5, context={"age": None})
    assert unknown.ids == nobody.ids == system.recommend_each(["nobody"], 5)[0].ids
    with pytest.raises(ValueError, match=r"Nothing is known of users here.*--users"):
        made.system.recommend_each(["nobody"], context={"city": "Oslo"})


def test_a_table_of_customers_is_read_and_saved(tmp_path):
    from lookalike.datasets.logs import understand_log

    data = in_cities()
    rows = zip(data.users[data.user], data.items[data.item], strict=True)
    log = ["customer,sku", *map(",".join, rows)]
    (tmp_path / "log.csv").write_text("\n".join(log))
    cells = data.user_columns["city"].cells, data.user_columns["age"].cells
    people = [f"{u};{c};{a}" for u, c, a in zip(data.users, *cells, strict=True)]
    people = ["customer;city;age", *people, "cold;Oslo;33,5"]
    (tmp_path / "users.csv").write_text("\n".join(people))
    found = understand_log(tmp_path / "log.csv", users=tmp_path / "users.csv")
    assert "user column: city, category, known of 301 users." in found.lines()
    assert "user column: age, number, known of 76 users." in found.lines()
    (tmp_path / "shop.toml").write_text(found.form.toml())
    again = understand_log(tmp_path / "shop.toml").data
    assert again.users.tolist() == found.data.users.tolist()
    system = Shop(ranker="logistic").fit(found.data)
    system.save(tmp_path / "0001")
    loaded = Shop.load(tmp_path / "0001")
    for user in ("cold", "c1"):
        [one], [other] = (each.recommend_each([user], 5) for each in (system, loaded))
        assert one.ids == other.ids
    (tmp_path / "users.csv").write_text("who;city\na;b")
    with pytest.raises(ValueError, match="known to name the user; its columns are who"):
        understand_log(tmp_path / "log.csv", users=tmp_path / "users.csv")


def test_what_is_disliked_pushes_like_things_away_and_from_nobody_else(made):
    system, k = made.system, len(made.data.items)
    seen = {"orc 0": 1.0, "orc 4": 1.0}
    live = system.with_events({"ann": seen, "bob": {**seen, "tank 5": -1.0}})
    ann, bob = live.recommend_each(["ann", "bob"], k)

    def places(found):
        ids = [id for id in found.ids if id != "tank 5"]
        return np.array([at for at, id in enumerate(ids) if id.startswith("tank")])

    assert len(places(ann)) == len(places(bob))
    assert places(bob).mean() > places(ann).mean() + 5
    assert "tank 5" not in bob.ids
    assert any("like what is disliked" in rule for rule in bob.rules)
    [alone] = system.with_events({"ann": seen}).recommend_each(["ann"], k)
    assert alone.ids == ann.ids
    assert live.rank_items("bob", bob.ids[:20][::-1]).ids == bob.ids[:20]
    [only] = system.with_events({"eve": {"orc 0": -1.0}}).recommend_each(["eve"], 10)
    assert not any(id.startswith("orc") for id in only.ids)


def test_reasons_speak_of_the_domain(made):
    state = made.system.state()
    system = Shop(ranker="logistic", preset="games")
    system.manifest_ = made.system.manifest_
    system.restore(*state)
    [mine] = made.system.recommend_each(["user 0 🎲"], 8)
    [found] = system.recommend_each(["user 0 🎲"], 8)
    assert found.ids == mine.ids
    said = " ".join(found.reasons)
    assert "play" in said
    assert "chose" not in said
    [nobody] = system.recommend_each(["nobody"], 1)
    assert nobody.reasons == ["popular: nothing is known of what you play"]
    with pytest.raises(ValueError, match="preset must be one of 'shop', 'games'"):
        Shop(preset="pets").fit(made.data)
