"""Logs in anybody's form: columns found by name, kinds guessed, rows as pairs."""

import numpy as np
import pytest

from lookalike.datasets.item_columns import ItemColumn
from lookalike.datasets.log_form import LogForm, read_form
from lookalike.datasets.logs import load_log, understand_log

LOG = """Customer;SKU;ts;event;stars
ann;7;2024-01-01;view;
ann;7;2024-01-03;purchase;
ann;8;2024-01-02;like;
bob;7;2024-01-01;dance;
"""
ITEMS = """sku,name,price,colours,text
7,Cup,9.50 €,red|blue,a cup to drink from
8,,12,red,
9,Hat,,blue|green,to be worn on the head
"""


@pytest.fixture
def files(tmp_path):
    (tmp_path / "log.csv").write_text(LOG)
    (tmp_path / "items.csv").write_text(ITEMS.replace("sku,", "SKU,"))
    return tmp_path


def test_columns_are_found_and_rows_are_pairs(files):
    log = understand_log(files / "log.csv", value=None, event="event")
    form, data = log.form, log.data
    assert (form.user, form.item, form.time) == ("Customer", "SKU", "ts")
    assert form.combine == "last"  # stars are ratings
    pairs = zip(data.users[data.user], data.items[data.item], strict=True)
    assert list(pairs) == [("ann", "7"), ("ann", "8"), ("bob", "7")]
    assert data.value.tolist() == [5.0, 3.0, 1.0]
    assert data.time.tolist() == [1704240000.0, 1704153600.0, 1704067200.0]
    assert log.events == {"dance": 1, "like": 1, "purchase": 1, "view": 1}
    assert "event: purchase, 1 rows, counts 5." in log.lines()


def test_events_add_up_where_there_are_no_ratings(files):
    text = LOG.replace(";stars", ";paid").replace("view;", "view;2")
    (files / "log.csv").write_text(text)
    data = load_log(files / "log.csv", value="paid", weights={"dance": 7})
    assert data.value.tolist() == [7.0, 3.0, 7.0]  # 1 x 2 + 5, 3, 7
    assert data.options == {"value": "paid", "weights": {"dance": 7}}


def test_a_table_of_items_gives_titles_columns_and_new_items(files):
    data = load_log(files / "log.csv", files / "items.csv")
    assert data.items.tolist() == ["7", "8", "9"]
    assert data.titles.tolist() == ["Cup", "8", "Hat"]
    kinds = {name: column.kind for name, column in data.columns.items()}
    assert kinds == {"price": "number", "colours": "tags", "text": "text"}
    np.testing.assert_array_equal(data.columns["price"].numbers(), [9.5, 12, np.nan])
    assert data.columns["colours"].words()[2] == ["blue", "green"]
    stated = load_log(files / "log.csv", files / "items.csv", kinds={"text": "ignored"})
    assert "text" not in stated.columns


def test_a_form_is_written_and_read_again(files):
    log = understand_log(files / "log.csv", files / "items.csv", weights={"dance": 2.5})
    (files / "shop.toml").write_text(log.form.toml())
    again = understand_log(files / "shop.toml")
    assert again.form == log.form
    for name in ("value", "time", "user", "item", "held_out", "titles"):
        np.testing.assert_array_equal(
            getattr(again.data, name), getattr(log.data, name)
        )


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"user": "who"}, "The log has no column who; it has Customer, SKU, ts"),
        ({"kinds": {"size": "number"}}, "has no column size to be of a kind"),
        ({"kinds": {"price": "money"}}, "kind must be one of 'number'"),
        ({"combine": "first"}, "combine must be one of 'last', 'sum', got 'first'"),
        ({"time": "event"}, "a time since 1970 as event in every row, not so in 4"),
        ({"value": "SKU", "event": "stars"}, "expected a stars in every row"),
    ],
)
def test_what_cannot_be_understood_is_a_sentence(files, given, sentence):
    with pytest.raises(ValueError, match=sentence):
        load_log(files / "log.csv", files / "items.csv", **given)


def test_a_log_whose_users_are_not_known_says_what_to_type(tmp_path):
    (tmp_path / "log.csv").write_text("who,sku\nann,7\n")
    with pytest.raises(ValueError, match="its columns are who, sku: say which"):
        load_log(tmp_path / "log.csv")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("user = ", "is no TOML file"),
        ('colour = "red"', "says colour, which no form has"),
        ("user = 7", "user must be a text, got 7"),
        ('weights = "high"', "weights must be a table, got 'high'"),
    ],
)
def test_what_is_no_form_is_refused(tmp_path, text, sentence):
    (tmp_path / "shop.toml").write_text(text)
    with pytest.raises(ValueError, match=sentence):
        read_form(tmp_path / "shop.toml")
    (tmp_path / "shop.toml").write_text('user = "ann"')
    with pytest.raises(ValueError, match="does not say where the log is"):
        load_log(tmp_path / "shop.toml")


def test_one_item_of_two_rows_in_a_table_is_refused(files):
    (files / "items.csv").write_text("SKU,name\n7,Cup\n8,Hat\n7,Can\n")
    with pytest.raises(ValueError, match="another SKU in every row, not so in 1: r"):
        load_log(files / "log.csv", files / "items.csv")


def test_names_are_found_in_any_writing():
    for names in (["userId", "movieId"], ["USER_ID", "Product-ID"], ["player", "game"]):
        form = LogForm.found(names)
        assert (form.user, form.item) == tuple(names)


def test_kinds_that_are_declared_are_not_guessed():
    assert ItemColumn.of(["1", "2"]).kind == "number"
    assert ItemColumn.of(["1", "2"], "category").words() == [["1"], ["2"]]
    assert ItemColumn.of(["", ""]).kind == "ignored"
