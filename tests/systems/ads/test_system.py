"""Ads: rules, auctions, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from lookalike.systems.ads.rows import check_leaks


def test_candidates_are_those_whose_rules_want_the_user(system, data):
    user = "u3"
    [slate] = system.recommend_each([user], 1000)
    about = system.market_.about(3, {})
    for at, id in enumerate(data.ads.ids.tolist()):
        if id in slate.ids:
            assert system.market_.targeting.reason(at, about) == ""
    out = next(id for id in data.ads.ids.tolist() if id not in slate.ids)
    told = system.explain_item(user, out)
    assert told["rank"] is None
    assert told["kept_out"]
    kept = system.explain_item(user, slate.ids[0])
    assert kept["kept_out"] == []
    assert kept["score"] == pytest.approx(
        kept["bid"] * kept["chance"] - system.hide_cost * kept["hide_chance"]
    )


@pytest.mark.parametrize("name", ["u3", "u7", "nobody"])
def test_rows_of_a_request_are_those_of_any_rows(system, data, name):
    market, builder = system.market_, system.served_.builder
    known = data.users.ids.tolist()
    about = market.about(known.index(name) if name in known else None, {"hour": 7.0})
    ads = np.array([5, 0, 17, 5, 59])
    user = builder.mapped(market.user_columns(about, name), market.now)
    every = builder.mapped(market.ad_columns(), market.now)
    fast = builder.rows_of_request(user, every.take(ads), market.now)
    slow = builder.rows(
        {
            **{column: np.full(5, value) for column, value in about.items()},
            **{column: each[ads] for column, each in data.ads.columns.items()},
            "user": np.full(5, name),
            "ad": data.ads.ids[ads],
            "advertiser": data.ads.advertiser[ads],
        },
        np.full(5, market.now),
    )
    np.testing.assert_array_equal(fast.codes, slow.codes)
    np.testing.assert_array_equal(fast.numbers, slow.numbers)
    assert len(np.unique(fast.numbers, axis=0)) > 1


def test_what_was_shown_too_often_or_hidden_is_left_out(made, data):
    system = made.spec.new({**made.options, "cap": 1}).fit(data)
    # Ads that were shown once and that a higher cap leaves in.
    n_found = 0
    for user in range(20):
        name = str(data.users.ids[user])
        once = data.ads.ids[system.market_.times_shown(user) == 1].tolist()
        [slate] = system.recommend_each([name], 1000)
        assert not set(once) & set(slate.ids)
        [free] = made.system.recommend_each([name], 1000)
        wanted = set(once) & set(free.ids)
        n_found += len(wanted)
        if wanted:
            assert any("shown 1 times within a day" in rule for rule in slate.rules)
            out = system.explain_item(name, wanted.pop())["kept_out"]
            assert out == ["shown 1 times within a day"]
    assert n_found
    user, ad = system.market_.hides[0]
    [slate] = system.recommend_each([str(data.users.ids[user])], 1000)
    kept = dict(zip(data.ads.ids.tolist(), data.ads.advertiser.tolist(), strict=True))
    assert data.ads.advertiser[ad] not in {kept[id] for id in slate.ids}


@pytest.mark.parametrize("kind", ["second_price", "gsp", "vcg"])
def test_a_page_is_sold_to_different_advertisers_within_their_bids(system, kind):
    sale = system.run_auction("u3", 3, kind, reserve=0.1)
    assert len(sale.places) == (1 if kind == "second_price" else 3)
    names = [place["advertiser"] for place in sale.places]
    assert len(set(names)) == len(names)
    for place in sale.places:
        assert 0.1 <= place["price"] <= place["bid"]
    assert sale.revenue == pytest.approx(sum(p["payment"] for p in sale.places))
    assert any("ads want this user" in rule for rule in sale.rules)


def test_whose_budget_is_spent_does_not_stand_there(system):
    first = system.run_auction("u3").places[0]["id"]
    spent = {first: 1e6}
    sale = system.run_auction("u3", spent=spent)
    assert first not in [place["id"] for place in sale.places]
    assert sale.left_out["budget spent"] == 1


def test_the_context_counts(system):
    phone = system.run_auction("u3", context={"device": "phone"})
    desktop = system.run_auction("u3", context={"device": "desktop"})
    assert phone.record() != desktop.record()
    system.run_auction("u3", context={"device": "never seen before"})


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"kind": "third_price"}, "kind must be one of"),
        ({"k": 0}, "k must be a whole number"),
        ({"k": 51}, "k must be at most 50"),
        ({"reserve": -1.0}, "reserve must be a number of at least 0"),
        ({"context": {"moon": "full"}}, "The context may name .* got moon"),
        ({"context": {"hour": "noon"}}, "hour held numbers in training"),
        ({"spent": {"a1": -2.0}}, "must be a number of at least 0, got -2"),
        ({"spent": {"zz": 1.0}}, "an ad that is not known: 'zz'"),
    ],
)
def test_what_is_no_request_is_refused(system, more, said):
    with pytest.raises(ValueError, match=said):
        system.run_auction("u3", **more)


def test_a_column_that_knows_the_answer_is_named(data):
    train = ~data.is_test
    check_leaks(data, train)
    rng = np.random.default_rng(0)
    seconds = np.where(data.clicked > 0, rng.uniform(1, 9, len(data)), 0.0)
    kinds = {**data.kinds, "seconds on page": "number"}
    context = {**data.context, "seconds on page": seconds}
    leaky = replace(data, context=context, kinds=kinds)
    with pytest.raises(ValueError, match="The column seconds on page knows the answer"):
        check_leaks(leaky, train)


@pytest.mark.parametrize("kind", ["number, where there was one", "category", "text"])
def test_a_column_of_any_kind_that_knows_the_answer_is_named(data, kind):
    train, came = ~data.is_test, data.clicked > 0
    column = {
        "number, where there was one": np.where(came, np.arange(len(data)), np.nan),
        "category": np.where(came, "bought", "left"),
        "text": np.where(came, "thank you", "good bye"),
    }[kind]
    kinds = {**data.kinds, "after": kind.partition(",")[0]}
    leaky = replace(data, context={**data.context, "after": column}, kinds=kinds)
    with pytest.raises(ValueError, match="The column after knows the answer"):
        check_leaks(leaky, train)
    unknown = {**data.context, "after": np.full(len(data), np.nan)}
    check_leaks(replace(leaky, context=unknown), train)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("targeting", "age >= 18 and", "The rule of the ad a7 is none.* at 'its end'"),
        (
            "bid",
            np.nan,
            "bid of an ad must be a number of at least 0; that of a7 is nan",
        ),
        (
            "bid",
            np.inf,
            "bid of an ad must be a number of at least 0; that of a7 is inf",
        ),
        ("budget", -3.0, "budget of an ad must be .* at least 0; that of a7 is -3"),
    ],
)
def test_an_ad_that_is_none_is_named_before_anything_is_learned(
    made, data, column, value, said
):
    values = getattr(data.ads, column).astype(object)
    values[data.ads.ids.tolist().index("a7")] = value
    values = values.astype(str if column == "targeting" else float)
    seen = []
    with pytest.raises(ValueError, match=said):
        made.spec.new(made.options).fit(
            replace(data, ads=replace(data.ads, **{column: values})),
            lambda stage, share: seen.append(stage),
        )
    assert seen == []


def test_a_label_that_is_no_click_is_refused(made, data):
    clicked = data.clicked.copy()
    clicked[5] = 2
    with pytest.raises(ValueError, match="A click must be a 0 or a 1, got 2"):
        made.spec.new(made.options).fit(replace(data, clicked=clicked))


def test_a_user_whom_no_ad_wants_is_told_so(made, data):
    rules = np.full(len(data.ads.ids), "age > 200")
    barred = replace(data, ads=replace(data.ads, targeting=rules))
    system = made.spec.new({"compare": "crosses"}).fit(barred)
    sale = system.run_auction("u3")
    assert sale.places == []
    assert sale.revenue == 0.0
    assert sale.rules[0] == "0 of 60 ads want this user"
    [slate] = system.recommend_each(["u3"])
    assert slate.ids == []
    with pytest.raises(ValueError, match="No ad is left for u3: 0 of 60 ads want"):
        system.explain("u3")


def test_too_few_clicks_are_refused(made, data):
    few = replace(data, clicked=data.clicked * 0)
    with pytest.raises(ValueError, match="at least 10 clicks, and others, to learn"):
        made.spec.new(made.options).fit(few)


def test_options_that_are_none_are_refused(made, data):
    for options, said in (
        ({"model": "magic"}, "model must be one of"),
        ({"compare": "crosses,magic"}, "compare must be few, all, or some of"),
        ({"calibration": "magic"}, "calibration must be one of"),
        ({"cap": 0}, "cap must be a whole number"),
    ):
        with pytest.raises(ValueError, match=said):
            made.spec.new({**made.options, **options}).fit(data)


def test_probabilities_are_near_the_true_ones(result, data):
    ratio = result.metrics["mean_chance_over_rate"]
    assert ratio.low < 1.1
    assert ratio.high > 0.9
    assert result.metrics["loss_over_that_of_the_truth"].value < 1.15
    assert result.metrics["normalised_cross_entropy"].value < 1
