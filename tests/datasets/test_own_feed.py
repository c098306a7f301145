"""One's own feed: tables of impressions, posts and follows, and what is refused."""

import numpy as np
import pytest

from lookalike.datasets.own_feed import load_own_feed

LOG = """user,post,time,position,device,like,hide,dwell
ann,p1,100,1,phone,1,0,3.5
ann,p2,100,2,phone,0,,0.2
bob,p1,300,1,desktop,0,1,1
bob,p3,200,1,desktop,1,0,9
eve,p3,400,1,phone,0,0,2
"""
POSTS = """id,author,topic,created,length
p1,carl,sport,50,10
p3,ann,music,60,20
p2,carl,music,70,30
p9,dora,sport,80,40
"""
FOLLOWS = "user,author\nann,carl\nbob,ann\nbob,nobody\nann,carl\n"


@pytest.fixture
def write(tmp_path):
    def written(name, text):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return written


def test_tables_become_a_log(write):
    write("log.csv", LOG)
    write("posts.csv", POSTS)
    write("follows.csv", FOLLOWS)
    form = 'log = "log.csv"\nposts = "posts.csv"\nfollows = "follows.csv"\n'
    log = load_own_feed(write("feed.toml", form))
    assert log.users[log.user].tolist() == ["ann", "ann", "bob", "bob", "eve"]
    assert log.posts.ids[log.post].tolist() == ["p1", "p2", "p3", "p1", "p3"]
    assert log.authors[log.posts.author].tolist() == ["carl", "carl", "ann", "dora"]
    assert log.topics[log.posts.topic].tolist() == ["sport", "music", "music", "sport"]
    assert log.posts.numbers["length"].tolist() == [10, 30, 20, 40]
    assert log.heads == ["like", "hide", "dwell"]
    assert np.isnan(log.actions["hide"][1])  # an empty cell is not known
    assert log.place.tolist() == [1, 2, 1, 1, 1]
    names = [(log.users[u], log.authors[a]) for u, a in log.follows.tolist()]
    assert sorted(names) == [("ann", "carl"), ("bob", "ann")]
    assert log.is_test.tolist() == [False] * 4 + [True]


def test_zeros_and_ones_may_be_written_in_several_ways(write):
    text = "user,post,time,like,save\nann,p1,1,1.0,yes\nbob,p1,2,0.0,no\neve,p1,3,1,"
    log = load_own_feed(write("log.csv", text))
    assert log.heads == ["like", "save"]
    assert log.actions["like"].tolist() == [1, 0, 1]
    assert log.actions["save"][:2].tolist() == [1, 0]
    assert np.isnan(log.actions["save"][2])


def test_one_table_is_enough(write):
    log = load_own_feed(write("log.csv", LOG))
    assert log.authors.tolist() == log.posts.ids.tolist()
    assert log.posts.created.tolist() == [100, 100, 200]
    assert not len(log.follows)
    assert not log.shuffled.any()


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ("post,", "thing,", "No column of .* is known to be the post; its columns are"),
        ("300", "late", "expected a time since 1970 as time in every row"),
        ("bob,p1", ",p1", "expected a user in every row, not so in 1: row 4"),
        (",2,phone", ",0,phone", "a whole number of at least 1 as position"),
        ("3.5", "-1", "a number of at least 0 as dwell"),
    ],
)
def test_bad_tables_are_refused_in_a_sentence(write, was, now, told):
    with pytest.raises(ValueError, match=told) as error:
        load_own_feed(write("log.csv", LOG.replace(was, now, 1)))
    assert str(error.value).endswith(".")


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ('posts = "posts.csv"', "does not say where the table is"),
        ('log = "log.csv"\nlikes = "x"', "says likes, which no form has"),
        ('log = "log.csv"\nactions = ["love"]', "'love', which is no column"),
        ('log = "log.csv"\nfollows = "follows.csv"', "give a table of posts"),
        ("log = [", "is no TOML file"),
    ],
)
def test_bad_forms_are_refused_in_a_sentence(write, form, told):
    write("log.csv", LOG)
    write("follows.csv", FOLLOWS)
    with pytest.raises(ValueError, match=told):
        load_own_feed(write("feed.toml", form))


def test_posts_that_nobody_describes_are_refused(write):
    write("posts.csv", POSTS.replace("p3", "p8"))
    path = write("log.csv", LOG)
    with pytest.raises(ValueError, match="has no row of 'p3', which the impressions"):
        load_own_feed(path, items=path.with_name("posts.csv"))


def test_a_table_without_an_action_is_refused(write):
    text = "user,post,time\nann,p1,1\nbob,p1,2\n"
    with pytest.raises(ValueError, match="no column of zeros and ones for an action"):
        load_own_feed(write("log.csv", text))
