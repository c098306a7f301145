"""What is particular to type-ahead: people, persons, blocked phrases, and the table."""

import json

import pytest
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.datasets import read_queries
from lookalike.systems.typeahead import Typeahead
from lookalike.systems.typeahead.evaluation import reciprocal_rank_of


def suggested(system, typed, **more):
    [found] = system.suggest_each([typed], **more)
    return [each.query for each in found]


def test_a_batch_answers_like_its_texts_one_by_one(made):
    together = made.system.suggest_each(made.queries, 3)
    assert together == [made.system.suggest_each([q], 3)[0] for q in made.queries]
    assert max(map(len, together)) == 3
    assert [each.kind for each in together[0]] == ["asked"] * 3
    assert together[3] == []
    for k in (0, 2.5, True):
        with pytest.raises(ValueError, match="k must be a whole number"):
            made.system.suggest_each(["wea"], k)


def test_a_country_and_a_user_change_the_order(system):
    assert suggested(system, "wea")[0] == "weather rome"
    assert "my secret diary" not in suggested(system, "my s")
    assert not [q for q in suggested(system, "cas") if "casino" in q]


def test_the_numbers_are_of_what_was_typed_later(made):
    result, details = made.result, made.result.details
    assert details["queries"] == [
        "weather rome",
        "web mail login",
        "cheap weather",
        "something else",
    ]
    for query, rank in zip(details["queries"], details["ranks"], strict=True):
        assert rank == reciprocal_rank_of(
            query, suggested(made.system, query[:6], user="ann", country="it")
        )
    assert result.metrics["reciprocal_rank"].value == sum(details["ranks"]) / 4
    assert details["ranks"][0] == 1
    assert 0 < result.metrics["keys_saved"].value < 1
    assert details["seen"] == [True, True, False, False]


def test_a_refitted_system_knows_the_later_queries(made):
    served = made.system.refit(made.data)
    assert served.is_refitted
    assert served.suggester_.people("weather rome") == 4
    assert served.suggester_.people("cheap weather") == 1
    assert made.system.suggester_.people("cheap weather") == 0
    again = served.before_refit(made.data)
    assert again.suggest_each(["we"]) == made.system.suggest_each(["we"])


def test_a_deleted_person_leaves_no_count_and_no_name(made):
    left = made.system.without_users(["ann"])
    assert "ann" in made.system.known_users
    assert "ann" not in left.known_users
    assert "flights to rome" in suggested(made.system, "flights")
    assert "flights to rome" not in suggested(left, "flights")


def test_what_people_ask_meanwhile_is_suggested_and_blocked_again(made):
    system = Typeahead.load(made.folder)
    system.count_asked([("new query", "ann", "it", None)])
    assert "new query" not in suggested(system, "new q")
    system.count_asked([("New  Query", "bob", "", None)])
    assert suggested(system, "new q") == ["new query"]
    assert system.explain("new q").answer["query"] == "new query"
    system.block_phrases(["new query"])
    assert suggested(system, "new q") == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "question\na\n",
            "is known to hold queries; its columns are question",
        ),
        ("query\n" + "a\n" * 3, "at least 10 queries"),
        ("query,count\n" + "a,1\n" * 9 + "b,0\n", "a whole count of at least 1"),
        ("query,time\n" + "a,1\n" * 9 + "b,soon\n", "a time since 1970"),
        ("query,user\n" + "a,u\n" * 9 + ",u\n", "a query in every row"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(tmp_path, text, sentence):
    (tmp_path / "queries.csv").write_text(text)
    with pytest.raises(ValueError, match=sentence):
        read_queries(tmp_path / "queries.csv")


def test_the_newest_rows_of_a_table_are_tested_on(tmp_path):
    rows = [f"query {n},u{n},{100 - n}" for n in range(20)]
    (tmp_path / "queries.csv").write_text("\n".join(["query,user,time", *rows]))
    data = read_queries(tmp_path / "queries.csv")
    assert data.test.queries == ("query 1", "query 0")
    assert data.train.queries[0] == "query 19"
    assert data.train.users[0] == "u19"


@pytest.mark.parametrize(
    ("name", "separator"), [("q.tsv", "\t"), ("q.csv", ";"), ("q.jsonl", None)]
)
def test_columns_are_found_by_their_names_or_named(tmp_path, name, separator):
    columns = ("Search Term", "Customer-ID", "Country_Code", "Created_At", "Volume")
    rows = [(f"mug {n}", f"u{n % 3}", "lv", str(50 - n), str(n + 1)) for n in range(20)]
    if separator:
        text = "\n".join(map(separator.join, [columns, *rows]))
    else:
        each = [json.dumps(dict(zip(columns, row, strict=True))) for row in rows]
        text = "\n".join(each)
    (tmp_path / name).write_text(text)
    data = read_queries(tmp_path / name)
    assert data.test.queries == ("mug 1", "mug 0")
    assert data.test.counts.tolist() == [2, 1]
    assert data.test.users == ("u1", "u0")
    assert data.test.countries == ("lv", "lv")
    named = read_queries(tmp_path / name, item="Customer-ID", user="Search Term")
    assert named.test.queries == ("u1", "u0")
    assert named.test.users == ("mug 1", "mug 0")
    with pytest.raises(ValueError, match="has no column nothing; it has Search Term"):
        read_queries(tmp_path / name, time="nothing")


def test_the_command_suggests(made):
    given = ["suggest", "typeahead", "wea", "zzzzzzzzz", "--k", "2"]
    given += ["--country", "lv", "--folder", str(made.folder), "--json"]
    done = CliRunner().invoke(app, given)
    assert done.exit_code == 0, done.output
    first, second = json.loads(done.stdout)["answers"]
    [expected] = made.system.suggest_each(["wea"], 2, country="lv")
    assert first["suggestions"] == [each.record() for each in expected]
    assert second == {"text": "zzzzzzzzz", "suggestions": []}
    done = CliRunner().invoke(app, ["suggest", "digits", "wea"])
    assert done.exit_code == 2
    assert "has no suggest" in done.stderr
