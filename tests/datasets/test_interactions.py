"""Plays and ratings: what is read, what is hidden, what is refused in a sentence."""

import gzip
import os
import time

import numpy as np
import pytest

from lookalike.datasets.interactions import (
    hold_out_again,
    hold_out_latest,
    hold_out_random,
)
from lookalike.datasets.plays import load_plays, load_steam_plays
from lookalike.datasets.ratings import load_movielens, load_ratings


def plays(tmp_path, *rows, header="user_id,game_title,hours"):
    file = tmp_path / "plays.csv"
    file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return file


def ratings(tmp_path, *rows):
    header = "movieId,title,year,genres,userId,rating,timestamp"
    file = tmp_path / "ratings.csv"
    file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return file


def test_plays_of_a_game_in_several_rows_are_added_up(tmp_path):
    data = load_plays(plays(tmp_path, "ann,Go,2", "bob,Go,1", "ann,Go,0.5", "ann,Ur,1"))
    assert data.users.tolist() == ["ann", "bob"]
    assert data.items.tolist() == ["Go", "Ur"]
    assert list(zip(data.user, data.item, data.value, strict=True)) == [
        (0, 0, 2.5),
        (1, 0, 1.0),
        (0, 1, 1.0),
    ]
    assert not data.held_out.any()


def test_names_may_hold_spaces_commas_and_emoji(tmp_path):
    rows = '"ann  b 🎮","Baba, Is You 🐰",1', " zoë ,Go,2"
    data = load_plays(plays(tmp_path, *rows))
    assert data.users.tolist() == ["ann  b 🎮", "zoë"]
    assert data.items.tolist() == ["Baba, Is You 🐰", "Go"]


def test_columns_may_stand_in_any_order_beside_others(tmp_path):
    file = plays(tmp_path, "3,x,Go,ann", header="hours,extra,game_title,user_id")
    assert load_plays(file).value.tolist() == [3.0]


def test_a_gzipped_file_is_read_like_a_plain_one(tmp_path):
    plain = plays(tmp_path, "ann,Go,1")
    packed = tmp_path / "plays.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert load_plays(packed).items.tolist() == ["Go"]
    assert load_plays(packed).checksum == load_plays(plain).checksum


def test_of_several_ratings_the_last_one_counts(tmp_path):
    data = load_ratings(
        ratings(
            tmp_path,
            "7,Alien,1979,Horror|Sci-Fi,ann,3,200",
            "7,Alien,1979,Horror|Sci-Fi,ann,5,300",
            "7,Alien,1979,Horror|Sci-Fi,ann,1,100",
            "8,,,(no genres listed),ann,2,50",
        )
    )
    assert data.value.tolist() == [5.0, 2.0]
    assert data.time.tolist() == [300.0, 50.0]
    assert data.titles.tolist() == ["Alien", "8"]
    assert data.genres.tolist() == ["Horror|Sci-Fi", ""]
    assert data.years[0] == 1979
    assert np.isnan(data.years[1])


def test_the_last_fifth_of_each_user_is_hidden_by_time():
    rng = np.random.default_rng(0)
    user, time_ = rng.integers(0, 9, 300), rng.integers(0, 50, 300).astype(float)
    hidden = hold_out_latest(user, time_)
    for each in range(9):
        mine = user == each
        assert hidden[mine].sum() == round(0.2 * mine.sum())
        assert time_[mine & ~hidden].max() <= time_[mine & hidden].min()


def test_a_fifth_is_hidden_by_chance_and_of_few_nothing():
    user = np.repeat([0, 1, 2], [4, 5, 100])
    hidden = hold_out_random(user)
    assert np.bincount(user, hidden).tolist() == [0, 1, 20]
    assert (hold_out_random(user) == hidden).all()
    assert (hold_out_random(user, 1) != hidden).any()


def test_hiding_again_never_shows_what_was_hidden(tmp_path):
    rows = [f"u{u},g{g},{u + g + 1}" for u in range(6) for g in range(20)]
    data = load_plays(plays(tmp_path, *rows))
    inner = hold_out_again(data)
    assert len(inner.user) == (~data.held_out).sum()
    assert inner.held_out.sum() == 6 * round(0.2 * 16)
    before = set(zip(data.user[data.held_out], data.item[data.held_out], strict=True))
    assert not before & set(zip(inner.user, inner.item, strict=True))


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        (
            "user,game_title,time",
            "lacks the columns user_id, hours; found: user, game_title, time; "
            "needed: user_id, game_title, hours",
        ),
        ("user_id,hours", "lacks the column game_title; found: user_id, hours"),
    ],
)
def test_columns_that_are_missing_are_named_beside_those_found(
    tmp_path, header, sentence
):
    with pytest.raises(ValueError, match=sentence):
        load_plays(plays(tmp_path, "a,b,1", header=header))


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            ["a,b,1", "a,c,-1", "a,d,x"],
            "expected a number of at least 0 as hours .* not so in 2: rows 3, 4",
        ),
        (["a,b,inf"], "as hours in every row, not so in 1: row 2"),
        (["a,b,nan"], "row 2"),
        ([",b,1"], "expected a user_id in every row, not so in 1: row 2"),
        (["a,b,1", "a, ,1"], "expected a game_title in every row, not so in 1: row 3"),
        (["a,b", "a,b,1,2"], "expected 3 cells in every row, not so in 2: rows 2, 3"),
        (["a,b,-1"] * 9, r"not so in 9: rows 2, 3, 4, 5, 6, \.\.\."),
        (["", "", " ,, ", "a,b,-1"], "not so in 1: row 5"),
        (['"a\n\nb",c,1', "a,b,-1"], "not so in 1: row 5"),
        (["", "a,b,1e308", "a,b,1e308"], r"at most 1e\+12 as hours .*: rows 3, 4"),
        ([], "has a header and no rows"),
        (["", ""], "has a header and no rows"),
    ],
)
def test_bad_rows_are_refused_by_their_numbers(tmp_path, rows, sentence):
    with pytest.raises(ValueError, match=sentence):
        load_plays(plays(tmp_path, *rows))


@pytest.mark.parametrize("header", ["user_id,hours,game_title,hours", "hours, hours"])
def test_a_column_that_is_there_twice_is_refused(tmp_path, header):
    needed = "user_id,game_title" * ("user" not in header)
    file = plays(tmp_path, "a,b,c,d", header=",".join(filter(None, [needed, header])))
    with pytest.raises(ValueError, match="has 2 columns hours; expected one"):
        load_plays(file)


def test_a_year_out_of_range_is_refused(tmp_path):
    file = ratings(tmp_path, "7,Alien,1e300,Horror,ann,3,100")
    with pytest.raises(ValueError, match=r"at most 9999 as year .*: row 2"):
        load_ratings(file)


def test_times_in_the_future_are_refused(tmp_path):
    late = time.time() + 3 * 86_400
    file = ratings(tmp_path, "7,Alien,1979,Horror,ann,3,100", f"8,B,,,ann,3,{late}")
    with pytest.raises(
        ValueError, match=r"timestamp that is not in the future .*: row 3"
    ):
        load_ratings(file)


def test_an_empty_file_and_one_that_is_no_text_are_refused(tmp_path):
    empty, noise = tmp_path / "empty.csv", tmp_path / "noise.csv"
    empty.write_bytes(b"")
    noise.write_bytes(bytes(range(128, 256)))
    with pytest.raises(ValueError, match="is empty; needed: columns user_id"):
        load_plays(empty)
    with pytest.raises(ValueError, match="is no table in UTF-8"):
        load_plays(noise)
    packed = tmp_path / "cut.csv.gz"
    packed.write_bytes(gzip.compress(b"user_id,game_title,hours\nann,Go,1\n")[:-12])
    with pytest.raises(ValueError, match="is no table in UTF-8"):
        load_plays(packed)


@pytest.mark.full
@pytest.mark.skipif(
    not os.environ.get("LOOKALIKE_DATA"), reason="needs the full-size data"
)
def test_the_published_files_are_read_whole():
    games, films = load_steam_plays(), load_movielens()
    assert (len(games.users), len(games.items), len(games.user)) == (9418, 3598, 69888)
    assert (len(films.users), len(films.items), len(films.user)) == (671, 9066, 100004)
    for data in (games, films):
        sizes = np.bincount(data.user)
        expected = np.where(sizes >= 5, np.maximum(np.round(0.2 * sizes), 1), 0)
        np.testing.assert_array_equal(np.bincount(data.user, data.held_out), expected)
    times = [films.time[films.user == user] for user in range(671)]
    assert 4000 < np.median([np.ptp(each) for each in times]) < 4500  # seconds
    moment = np.quantile(films.time, 0.8)
    assert sum(each.min() < moment <= each.max() for each in times) == 23
