"""Impressions of one's own: how they are read, and what is refused in a sentence."""

import json

import numpy as np
import pytest

from lookalike.datasets.ad_simulator import simulate_ads
from lookalike.datasets.own_clicks import load_own_clicks


@pytest.fixture
def files(tmp_path):
    """A table of impressions with ads and people beside it."""
    people = ["person,age,town", *(f"p{n},{20 + n},t{n % 3}" for n in range(6))]
    ads = [
        "ad_id,advertiser,bid,budget,targeting,style",
        *(f'a{n},v{n % 2},0.{n + 1},10,"age >= {20 + n}",s{n % 2}' for n in range(4)),
    ]
    log = ["person,ad_id,when,clicked,device,pixels"]
    for n in range(60):
        stamp = f"2024-03-01 10:{n:02d}"
        log.append(f"p{n % 6},a{n % 4},{stamp},{int(n % 5 == 0)},d{n % 2},{n * 7 % 13}")
    for name, rows in (("people", people), ("ads", ads), ("log", log)):
        (tmp_path / f"{name}.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def load(files, **more):
    given = {"items": files / "ads.csv", "users": files / "people.csv"}
    named = {"user": "person", "time": "when"}
    return load_own_clicks(files / "log.csv", **{**given, **named, **more})


def test_tables_are_joined_and_the_last_fifth_tests(files):
    log = load(files)
    assert len(log) == 60
    assert log.is_test.sum() == 12
    assert log.is_test[-12:].all()
    columns = log.columns()
    assert columns["user"][7] == "p1"
    assert columns["age"][7] == 21
    assert columns["ad"][7] == "a3"
    assert columns["style"][7] == "s1"
    assert log.kinds["device"] == "category"
    assert log.kinds["pixels"] == log.kinds["age"] == "number"
    assert log.ads.bid.tolist() == [0.1, 0.2, 0.3, 0.4]
    assert log.ads.targeting[2] == "age >= 22"
    assert set(log.kinds) & {"clicked", "when", "bid", "targeting"} == set()


def test_a_column_is_left_out_in_whichever_table_it_is(files):
    (files / "form.toml").write_text(
        'log = "log.csv"\nitems = "ads.csv"\nusers = "people.csv"\nuser = "person"\n'
        'time = "when"\nleave_out = ["age", "style", "pixels"]\n'
    )
    log = load_own_clicks(files / "form.toml")
    assert {"device", "town"} <= set(log.kinds)
    assert set(log.kinds) & {"age", "style", "pixels"} == set()


def test_other_bids_are_other_data(files):
    before = load(files).checksum
    assert load(files).checksum == before
    path = files / "ads.csv"
    path.write_text(path.read_text().replace(",0.2,", ",0.9,"))
    assert load(files).checksum != before
    assert load(files, items=None).checksum != before


def test_a_form_says_what_names_do_not(files):
    (files / "form.toml").write_text(
        'log = "log.csv"\nuser = "person"\nitem = "ad_id"\ntime = "when"\n'
        'leave_out = ["pixels"]\ncrosses = [["device", "ad"]]\n'
    )
    log = load_own_clicks(files / "form.toml")
    assert "pixels" not in log.kinds
    assert log.crosses == [("device", "ad")]
    for text, said in (
        ("log =", "is no TOML file"),
        ('logs = "x"', "says logs, which no form has"),
        ('user = "x"', "does not say where the table is"),
        ("log = 3", "log must be a text, got 3"),
        ('log = "log.csv"\ncrosses = [["device", "no"]]', "A cross must be two of"),
        ('log = "log.csv"\ncrosses = [3]', "A cross must be two of .* got 3"),
        ('log = "log.csv"\ncounted = ["ad"]', "A key of counted must be some of"),
        ('log = "log.csv"\ncounted = [["no"]]', r"must be some of .* got \['no'\]"),
        ('log = "log.csv"\nleave_out = ["pixel"]', "leave_out names 'pixel', which is"),
        ('log = "log.csv"\n[kinds]\nno = "text"', "kinds names 'no', which is no col"),
    ):
        (files / "form.toml").write_text(text)
        with pytest.raises(ValueError, match=said):
            load_own_clicks(files / "form.toml")


@pytest.mark.parametrize(
    ("table", "old", "new", "said"),
    [
        ("log", ",0,d1", ",2,d1", "a 0 or a 1 as clicked"),
        ("log", "2024-03-01 10:03", "2999-03-01 10:03", "not in the future"),
        ("ads", ",0.2,", ",-1,", "a number of at least 0 as bid"),
        ("ads", ",0.2,", ",nan,", "a number of at least 0 as bid"),
        ("ads", ",0.2,", ",much,", "a number of at least 0 as bid"),
        ("ads", ",0.2,", ",inf,", "a number of at least 0 as bid"),
        ("ads", ",10,", ",none,", "a number of at least 0 as budget"),
        ("log", ",0,d1", ",nan,d1", "a 0 or a 1 as clicked"),
        ("log", "2024-03-01 10:03", "noon", "as when"),
        ("ads", ",10,", ",-3,", "a number of at least 0 as budget"),
        ("ads", "a1,", "zz,", "has no row of 'a1'"),
        ("people", "p1,", "p0,", "two rows of one person"),
        ("log", "clicked", "seen", "No column of the table is known to say"),
    ],
)
def test_bad_rows_are_told_in_a_sentence(files, table, old, new, said):
    path = files / f"{table}.csv"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ValueError, match=said) as error:
        load(files)
    assert "\n" not in str(error.value)


def test_json_lines_without_users_ads_or_times_are_of_one(tmp_path):
    rows = [{"label": n % 2, "x": n} for n in range(20)]
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    log = load_own_clicks(path)
    assert log.users.ids.tolist() == log.ads.ids.tolist() == ["anybody"]
    assert log.clicked.tolist() == [n % 2 for n in range(20)]
    assert log.counted == []


def test_the_market_is_simulated_as_it_says():
    log = simulate_ads(n_users=200, n_ads=50, n_pages=8000)
    assert log.chance is not None
    error = log.clicked.mean() - log.chance.mean()
    assert abs(error) < 4 * np.sqrt(log.chance.mean() / len(log))
    assert (np.diff(log.time) >= 0).all()
    assert (np.isfinite(log.delay) == (log.clicked > 0)).all()
    first = log.context["position"] == "1"
    assert log.clicked[first].mean() > log.clicked[~first].mean()
    again = simulate_ads(n_users=200, n_ads=50, n_pages=8000)
    np.testing.assert_array_equal(again.clicked, log.clicked)
    with pytest.raises(ValueError, match="n_ads must be a whole number"):
        simulate_ads(n_ads=3)
