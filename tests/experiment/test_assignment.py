"""Assignment: the same everywhere, in its shares, independent where it has to be."""

import hashlib
import sqlite3
import uuid
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from lookalike.experiment import (
    Experiment,
    Holdout,
    Metric,
    assign,
    assignment_sql,
    check_change,
    check_layers,
    is_held_out,
    register_md5,
    unit_hash,
)

CLICKS = Metric("clicks", "rate")
UNITS = [f"user-{n}" for n in range(20_000)]


def experiment(key="ranker", **more):
    return Experiment(key, ("control", "trees", "linear"), (CLICKS,), **more)


def counts(test, units=UNITS):
    found = [assign(test, unit) for unit in units]
    return [found.count(variant) for variant in test.variants], found


def test_the_hash_is_the_published_one():
    digest = hashlib.md5(b"salt:\xc3\xa4").hexdigest()
    assert unit_hash("salt", "ä") == int(digest[:8], 16)


def test_shares_are_the_weights():
    weights = (0.5, 0.3, 0.2)
    found, _ = counts(experiment(weights=weights))
    assert sum(found) == len(UNITS)
    assert stats.chisquare(found, np.multiply(weights, len(UNITS))).pvalue > 0.001


def test_a_ramp_moves_nobody_who_is_in():
    before = [None] * len(UNITS)
    for coverage in (0.0, 0.01, 0.2, 0.5, 0.9, 1.0):
        test = experiment(weights=(0.5, 0.3, 0.2), coverage=coverage)
        _, now = counts(test)
        for old, new in zip(before, now, strict=True):
            assert old is None or old == new
        share = np.mean([variant is not None for variant in now])
        assert abs(share - coverage) < 0.015
        before = now


def test_experiments_of_one_layer_share_no_unit_and_of_two_are_independent():
    first = experiment("a", layer="page", buckets=(0, 500))
    second = experiment("b", layer="page", buckets=(500, 1000))
    other = experiment("c", layer="mail")
    in_first, in_second, in_other = (counts(t)[1] for t in (first, second, other))
    both = [
        a is not None and b is not None
        for a, b in zip(in_first, in_second, strict=True)
    ]
    assert not any(both)
    inside = [(a, c) for a, c in zip(in_first, in_other, strict=True) if a is not None]
    assert abs(len(inside) - len(UNITS) / 2) < 300
    table = [[inside.count((a, c)) for c in other.variants] for a in first.variants]
    assert stats.chi2_contingency(table).pvalue > 0.001


def test_a_new_version_draws_all_anew():
    first = experiment()
    _, before = counts(first)
    _, after = counts(first.next_version())
    same = np.mean([a == b for a, b in zip(before, after, strict=True)])
    assert abs(same - 1 / 3) < 0.02


def test_who_is_held_out_is_in_no_experiment():
    holdout = Holdout("2026", 0.1)
    held = [is_held_out(holdout, unit) for unit in UNITS]
    assert abs(np.mean(held) - 0.1) < 0.01
    for key in "ab":
        _, found = counts(experiment(key, layer=key, holdout=holdout))
        assert [variant is None for variant in found] == held


COMPLICATED = experiment(
    "o.clock",
    weights=(0.25, 0.25, 0.5),
    coverage=0.7,
    layer="page",
    buckets=(100, 777),
    holdout=Holdout("2026", 0.2),
)
STRANGE = ["ä", "日本", "a:b", "'; --", " ", *UNITS[:500]]


def test_sqlite_gives_the_same_answer():
    connection = sqlite3.connect(":memory:")
    register_md5(connection)
    query = f"SELECT {assignment_sql(COMPLICATED, '?1', 'sqlite')}"
    found = [connection.execute(query, [unit]).fetchone()[0] for unit in STRANGE]
    assert found == [assign(COMPLICATED, unit) for unit in STRANGE]
    assert {None, *COMPLICATED.variants} == set(found)
    assert connection.execute("SELECT md5(NULL), hex_number(NULL)").fetchone() == (
        None,
        None,
    )


def test_postgresql_gives_the_same_answer(postgres):
    psycopg = pytest.importorskip("psycopg")
    expression = assignment_sql(COMPLICATED, "unit", "postgresql")
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(postgres.format(name="postgres")) as connection:
        cursor = connection.cursor()
        cursor.execute(f"CREATE TEMP TABLE {name} (n int, unit text)")
        cursor.executemany(
            f"INSERT INTO {name} VALUES (%s, %s)", list(enumerate(STRANGE))
        )
        cursor.execute(f"SELECT {expression} FROM {name} ORDER BY n")
        found = [row[0] for row in cursor.fetchall()]
    assert found == [assign(COMPLICATED, unit) for unit in STRANGE]


def test_an_unknown_dialect_is_refused():
    with pytest.raises(ValueError, match="one of postgresql, sqlite, got 'mysql'"):
        assignment_sql(COMPLICATED, "unit", "mysql")


@pytest.mark.parametrize("unit", ["", None, 7])
def test_a_unit_is_a_text(unit):
    with pytest.raises(ValueError, match="a unit must be a text that is not empty"):
        assign(COMPLICATED, unit)


# Definitions


def test_json_carries_all_of_it():
    latency = Metric(
        "latency", "quantile", quantile=0.9, better="down", role="guardrail", margin=0.1
    )
    revenue = Metric("revenue", "mean", covariates=("before",), role="secondary")
    test = Experiment(
        "all",
        ("a", "b"),
        (CLICKS, latency, revenue),
        weights=(0.3, 0.7),
        holdout=Holdout("h", 0.1),
        slices=("country",),
        planned_units=1000,
        method="always_valid",
    )
    again = Experiment.from_json(test.to_json())
    assert again == test
    assert again.parts == test.parts


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "expected an experiment in JSON"),
        ("[]", "an experiment must be a JSON object"),
        ('{"key": "a", "variants": ["a", "b"]}', "needs the field metrics"),
        ('{"key": "a", "variants": [], "metrics": [], "x": 1}', "has no field x"),
        (
            '{"key": "a", "variants": ["a", "b"], "metrics": [{"name": "c"}]}',
            "a metric needs the field kind",
        ),
        ('{"key": "a", "variants": ["a", "b"], "metrics": 3}', "must be a list"),
    ],
)
def test_bad_json_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        Experiment.from_json(text)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"key": ""}, "the key of an experiment must be 1 to 100 letters"),
        ({"key": "a'b"}, "the key of an experiment must be"),
        ({"variants": ("a",)}, "at least two variants"),
        ({"variants": ("a", "a")}, "variants must differ"),
        ({"weights": (0.5, 0.6)}, "weights must have the sum 1, got 1.1"),
        ({"weights": (1.0,)}, "weights must be one number a variant, 2, got 1"),
        ({"weights": (1.2, -0.2)}, "weights must be above 0"),
        ({"weights": (float("nan"), 0.5)}, "weights must be above 0"),
        ({"coverage": 1.1}, "coverage must be a number from 0 to 1, got 1.1"),
        ({"unit": "page"}, "unit must be one of user, session, query, got 'page'"),
        ({"buckets": (5, 5)}, "buckets must be two whole numbers"),
        ({"buckets": (0, 1001)}, "buckets must be two whole numbers"),
        ({"version": 0}, "version must be a whole number of at least 1"),
        ({"metrics": (CLICKS, CLICKS)}, "metrics must have different names"),
        ({"method": "peeking"}, "method must be one of fixed, group_sequential"),
        ({"alpha": 0.7}, "alpha must be between 0 and 0.5, got 0.7"),
        ({"power": 1}, "power must be between 0.5 and 1, got 1"),
        ({"planned_units": 1}, "planned_units must be a whole number of at least 2"),
    ],
)
def test_a_fault_of_a_definition_is_one_sentence(change, message):
    good = {"key": "a", "variants": ("a", "b"), "metrics": (CLICKS,)}
    with pytest.raises(ValueError, match=message) as caught:
        Experiment(**(good | change))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "median"}, "kind of the metric m must be one of mean, rate"),
        ({"kind": "ratio"}, "must have a denominator if it is a ratio"),
        ({"kind": "mean", "denominator": "d"}, "must have a denominator if"),
        ({"kind": "quantile"}, "must have a quantile in"),
        ({"kind": "quantile", "quantile": 1.0}, "must have a quantile in"),
        ({"kind": "mean", "margin": 0.1}, "only a guardrail has a margin"),
        ({"kind": "mean", "role": "guardrail"}, "needs a margin above 0"),
        ({"kind": "mean", "better": "more"}, "better of the metric m must be one"),
    ],
)
def test_a_fault_of_a_metric_is_one_sentence(fields, message):
    with pytest.raises(ValueError, match=message):
        Metric("m", **fields)


def test_a_metric_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="has the metrics clicks; got 'revenue'"):
        experiment().metric("revenue")


def test_a_running_experiment_changes_by_a_new_version_only():
    running = experiment(coverage=0.5)
    check_change(running, running.ramped(0.6))
    check_change(running, running.next_version(metrics=()))
    with pytest.raises(ValueError, match=r"coverage, which would send .*version 2"):
        check_change(running, running.ramped(0.4))
    with pytest.raises(ValueError, match="metrics cannot change in version 1"):
        check_change(running, replace(running, metrics=()))
    with pytest.raises(ValueError, match="is at version 2; expected a later one"):
        check_change(running.next_version(), running)
    with pytest.raises(ValueError, match="expected a change of the experiment ranker"):
        check_change(running, experiment("other"))


def test_buckets_that_overlap_are_refused_in_one_layer_only():
    first = experiment("a", layer="page", buckets=(0, 500))
    other = experiment("b", layer="mail", buckets=(0, 500))
    check_layers([first, other])
    with pytest.raises(ValueError, match="a and b of the layer page share the buckets"):
        check_layers([experiment("b", layer="page", buckets=(499, 600)), first])
