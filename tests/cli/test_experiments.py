"""``lookalike experiments``: what is typed says what the library says."""

import json
import sqlite3

import numpy as np
import pytest
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.experiment import (
    Experiment,
    Units,
    analyse,
    assign,
    baseline,
    register_md5,
    sample_size,
)

DESIGN = """
key = "new ranker"
variants = ["control", "trees"]
planned_units = 2000

[[metrics]]
name = "clicks"
kind = "rate"

[[metrics]]
name = "revenue"
kind = "mean"
role = "secondary"
"""


def run(*words, status=0):
    found = CliRunner().invoke(app, ["experiments", *map(str, words)])
    assert found.exit_code == status, found.output
    return found.output if status == 0 else found.stderr


@pytest.fixture
def design(tmp_path):
    path = tmp_path / "design.toml"
    path.write_text(DESIGN, encoding="utf-8")
    return path


@pytest.fixture
def table(tmp_path, design):
    """A thousand users, of whom those with trees click far more."""
    experiment = Experiment.from_json(as_json(design))
    rng = np.random.default_rng(0)
    users = [f"user-{n}" for n in range(1000)]
    variant = [assign(experiment, user) for user in users]
    chance = [0.4 if each == "trees" else 0.1 for each in variant]
    clicks = (rng.random(1000) < chance).astype(int)
    revenue = rng.normal(size=1000).round(3)
    rows = zip(users, variant, clicks, revenue, strict=True)
    lines = ["unit;variant;clicks;revenue", *(";".join(map(str, row)) for row in rows)]
    path = tmp_path / "users.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path, Units(users, variant, {"clicks": clicks, "revenue": revenue})


def as_json(design):
    import tomllib

    return json.dumps(tomllib.loads(design.read_text(encoding="utf-8")))


def test_a_table_is_analysed_as_the_library_does(design, table, tmp_path):
    path, units = table
    expected = analyse(Experiment.from_json(as_json(design)), units, at=0.0)
    told = json.loads(run("analyse", design, "--data", path, "--json"))
    assert told["counts"] == expected.counts
    verdict = told["verdicts"]["trees"]
    assert verdict["word"] == expected.verdicts["trees"].word == "better"
    for row, each in zip(told["metrics"], expected.results, strict=True):
        assert row["metric"] == each.metric.name
        assert row["outcome"] == each.outcome
        assert row["difference"] == pytest.approx(each.effect.difference.value)
        assert row["difference_low"] == pytest.approx(each.effect.difference.low)
        assert row["p_value"] == pytest.approx(each.p_value)
    assert told["metrics"][0]["adjusted_p_value"] is None  # of a goal
    lines = run("analyse", design, "--data", path)
    assert "new ranker, version 1, look 1: 1,000 of 2,000 units" in lines
    assert "trees: better: clicks is better." in lines


def test_without_a_column_of_variants_units_are_assigned_by_their_ids(design, table):
    path, _ = table
    known = json.loads(run("analyse", design, "--data", path, "--json"))
    whole = path.read_text(encoding="utf-8").replace("variant", "other", 1)
    path.write_text(whole, encoding="utf-8")
    assert json.loads(run("analyse", design, "--data", path, "--json")) == known
    named = run("analyse", design, "--data", path, "--variant", "other", "--json")
    assert json.loads(named) == known


def test_looks_are_kept_and_a_lost_unit_is_noticed(design, table, tmp_path):
    path, _ = table
    looks = tmp_path / "looks.json"
    for number in (1, 2):
        told = run("analyse", design, "--data", path, "--looks", looks)
        assert f"look {number}: " in told
        assert len(json.loads(looks.read_text(encoding="utf-8"))) == number
    kept = looks.read_bytes()
    rows = path.read_text(encoding="utf-8").splitlines()[:-1]
    path.write_text("\n".join(rows), encoding="utf-8")
    said = run("analyse", design, "--data", path, "--looks", looks, status=2)
    assert "units were lost: the last look had 1000, this one has 999." in said
    assert looks.read_bytes() == kept


def test_a_plan_is_that_of_the_log(design, table):
    path, units = table
    experiment = Experiment.from_json(as_json(design))
    told = run("plan", design, "--data", path, "--lift", 0.1, "--replays", 0, "--json")
    [clicks, revenue] = json.loads(told)["metrics"]
    now = baseline(experiment.metrics[0], units)
    assert clicks["now"] == now.value
    assert clicks["units"] == sample_size(now.spread, 0.1 * now.value)
    assert "false_differences" not in revenue
    lines = run("plan", design, "--data", path, "--replays", 20)
    assert "1,000 units of" in lines
    assert "A/A replays with a difference" in lines


def test_units_are_assigned_in_words_and_in_sql(design):
    experiment = Experiment.from_json(as_json(design))
    told = json.loads(run("assign", design, "anna", "ben", "--json"))
    expected = {each: assign(experiment, each) for each in ("anna", "ben")}
    assert told == {"assignments": expected}
    assert f"anna  {expected['anna']}" in run("assign", design, "anna", "ben")
    sql = run("assign", design, "--sql", "sqlite", "--unit", "id").strip()
    connection = sqlite3.connect(":memory:")
    register_md5(connection)
    [[found]] = connection.execute(f"SELECT {sql} FROM (SELECT 'anna' AS id)")
    connection.close()
    assert found == expected["anna"]


@pytest.mark.parametrize(
    ("text", "words", "sentence"),
    [
        ("key =", [], "is no TOML file"),
        ('key = "a"', [], "an experiment needs the field variants, metrics"),
        (DESIGN, ["--unit", "id"], "lacks the column id; found: unit, variant"),
        (DESIGN, ["--variant", "clicks"], "variants control, trees; units have 0, 1"),
        (DESIGN + 'denominator = "n"', [], "must have a denominator if it is a ratio"),
        (DESIGN.replace("clicks", "likes"), [], "lacks the column likes; found: unit"),
        (DESIGN.replace("clicks", "unit"), [], "as unit"),
        (DESIGN + 'covariates = ["age"]', [], "lacks the column age; found: unit"),
    ],
)
def test_what_makes_no_sense_is_refused(table, design, text, words, sentence):
    design.write_text(text, encoding="utf-8")
    said = run("analyse", design, "--data", table[0], *words, status=2)
    assert sentence in said
    assert said.startswith("Error: ")


def test_ids_or_sql_are_needed_and_looks_must_be_looks(table, design, tmp_path):
    assert "Expected the ids of units, or --sql" in run("assign", design, status=2)
    looks = tmp_path / "looks.json"
    looks.write_text('{"a', encoding="utf-8")
    words = ("analyse", design, "--data", table[0], "--looks", looks)
    assert "looks.json holds no looks" in run(*words, status=2)


def test_rows_without_ids_are_assigned_by_nothing(table, design):
    path, _ = table
    whole = path.read_text(encoding="utf-8").replace("unit;variant", "who;saw", 1)
    path.write_text(whole, encoding="utf-8")
    said = run("analyse", design, "--data", path, status=2)
    assert (
        "must have a column with what each unit saw, --variant, or with the ids" in said
    )
    assert "look 1: 1,000" in run("analyse", design, "--data", path, "--variant", "saw")
    assert "look 1: 1,000" in run("analyse", design, "--data", path, "--unit", "who")
