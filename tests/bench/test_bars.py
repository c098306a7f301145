"""Bars: read from the rows of a result, beside every benchmark."""

from importlib import import_module

import pytest

from lookalike_bench import BENCHMARKS, algorithms, approximate, bars, runner
from lookalike_bench.bars import Bar, checked, difference, least, most, quotient

ROWS = [
    {"job": "a", "method": "lookalike", "threads": 1, "ratio": 12.0, "ms": 4.0},
    {"job": "a", "method": "lookalike", "threads": 2, "ratio": 7.5, "ms": 9.0},
    {
        "job": "a",
        "method": "peer",
        "threads": 1,
        "ms": 8.0,
        "gain": "+0.02 [0.01, 0.03]",
    },
    {"job": "b", "method": "peer", "threads": 1, "ms": 2.0, "gain": "", "exact": True},
]


def test_a_row_for_each_bar_whose_value_the_result_has():
    one = Bar("one thread", 10, least("ratio", "a", threads=1))
    two = Bar("two threads", 8, least("ratio", "a", threads=2))
    late = Bar("latency", 8, most("ms", "a", "*"), at_most=True)
    absent = Bar("another job", 1, least("ratio", "c"))
    assert checked([one, two, late, absent], ROWS) == [
        {"bar": "one thread", "value": 12.0, "needed": ">= 10", "holds": True},
        {"bar": "two threads", "value": 7.5, "needed": ">= 8", "holds": False},
        {"bar": "latency", "value": 9.0, "needed": "<= 8", "holds": False},
    ]


@pytest.mark.parametrize("at_most", [False, True])
def test_a_value_at_the_threshold_holds_and_one_that_is_no_number_does_not(at_most):
    for value, holds in ((1.0, True), (float("nan"), False)):
        row = Bar("x", 1, lambda rows, value=value: value, at_most).row([])
        assert row["holds"] is holds


def test_numbers_are_read_from_texts_and_empty_cells_are_passed_over():
    assert least("gain", "*", "peer")(ROWS) == 0.02
    assert least("exact", "*", "*")(ROWS) == 1.0
    assert least("gain", "b", "*")(ROWS) is None
    assert most("method", "*", "*")(ROWS) is None


def test_two_numbers_are_compared_where_both_exist():
    ours, peer, none = most("ms", "a"), most("ms", "a", "peer"), most("ms", "c")
    assert difference(ours, peer)(ROWS) == 1.0
    assert quotient(ours, peer)(ROWS) == 9 / 8
    assert quotient(ours, none)(ROWS) is None
    assert difference(none, peer)(ROWS) is None


def every_bar(name):
    module = import_module(f"lookalike_bench.{name}")
    return list(module.bars() if hasattr(module, "bars") else module.BARS)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_has_bars_of_different_names(name):
    names = [bar.name for bar in every_bar(name)]
    assert 0 < len(names) == len(set(names))
    assert checked(every_bar(name), []) == []


def rows_of(job, **columns):
    """Return made-up rows: one for each method, its cells by column."""
    methods = dict.fromkeys(m for cells in columns.values() for m in cells)
    return [
        {"job": job, "method": method, "threads": 1}
        | {c: cells[method] for c, cells in columns.items() if method in cells}
        for method in methods
    ]


CASES = [
    (
        "neighbors",
        rows_of(
            "mnist exact k=10", ratio={"lookalike": 11.2}, exact={"lookalike": False}
        ),
        {
            "mnist exact k=10, lookalike, threads=1: times the best peer": True,
            "every answer exact (1 is yes)": False,
        },
    ),
    (
        "service",
        rows_of("overload", ratio={"lookalike, at twice its peak": 0.79}),
        {"share of the peak at twice its rate": False},
    ),
    (
        "images",
        rows_of(
            "upload to answer", p99_ms={"labels: all": 11.5, "labels: embed": 70.0}
        ),
        {"upload to answer: p99, ms": True},
    ),
    (
        "triplet",
        rows_of(
            "mnist triplet recipe, 2 epochs",
            ratio={"lookalike": 13.0},
            loss={"lookalike": 0.22, "numpy": 0.21},
            accuracy={"lookalike": 0.942, "numpy": 0.942},
        ),
        {
            "triplet recipe, times plain NumPy": True,
            "triplet recipe, loss over that of NumPy": False,
            "triplet recipe, accuracy less that of NumPy": True,
        },
    ),
    (
        "emotions",
        rows_of(
            "source recipe, twenty splits",
            distance={"after 2,000 epochs": 0.02, "after 2,500 epochs": 0.007},
        ),
        {"after 2,500 epochs: largest distance from the source's figures": True},
    ),
    (
        "people",
        rows_of("hiding 201", auc={"ranker": "0.9921 [0.991, 0.993]"})
        + rows_of("all hidings", p={"walk": "5e-15", "jaccard": "0.2"}),
        {
            "AUC, the least of the hidings": True,
            "all hidings: p of the gain, the most": False,
        },
    ),
    (
        "places",
        rows_of(
            "both parts",
            **{"gain, words": {"gazetteer": "0.3 [0.2, 0.4]", "tuned": "-0.1 [-1, 1]"}},
        ),
        {"both parts: gain in F1 of words over the lists, the least": False},
    ),
    (
        "recommenders",
        rows_of(
            "games quality",
            **{
                "of popularity": {"lookalike funnel": 1.61, "popularity": 1.0},
                "funnel's gain": {"cornac EASE": "0.0110 [0.0073, 0.0149]"},
            },
        )
        + rows_of("games ALS training f=64 threads=1", ratio={"lookalike": 0.9}),
        {
            "games ALS, training: times implicit": False,
            "games: the funnel's gain in nDCG over the best of the others": True,
            "games: the funnel's nDCG over that of popularity": True,
        },
    ),
]


@pytest.mark.parametrize(("name", "rows", "expected"), CASES, ids=[c[0] for c in CASES])
def test_a_made_up_result_gives_the_rows_that_it_should(name, rows, expected):
    found = checked(every_bar(name), rows)
    assert {row["bar"]: row["holds"] for row in found} == expected


def test_approximate_search_is_compared_with_graphs_alone_in_memory_and_build():
    job = "mnist recall 0.95 batch"
    methods = {"lookalike": 52.0, "faiss PCA64,IVF512,SQ8": 10.0, "svs uint8": 52.4}
    rows = rows_of(job, megabytes=methods, recall={"lookalike": 0.94})
    found = {row["bar"]: row for row in checked(approximate.bars(), rows)}
    assert set(found) == {
        "mnist: memory over that of the smallest graph",
        f"{job}: recall",
    }
    memory = found["mnist: memory over that of the smallest graph"]
    assert memory["holds"]
    assert memory["value"] == pytest.approx(52 / 52.4)
    assert not found[f"{job}: recall"]["holds"]


def test_an_algorithm_is_compared_in_time_and_in_quality():
    job = "k-means, k=100, 15 rounds, MNIST"
    rows = rows_of(
        job,
        ratio={"lookalike": 1.4},
        inertia={"lookalike": 102.0, "scikit-learn": 100.0, "faiss": 101.0},
    )
    time, quality = checked(algorithms.bars(), rows)
    assert (time["needed"], time["holds"]) == (">= 1.5", False)
    assert (quality["value"], quality["holds"]) == (pytest.approx(-0.02), False)
    better = rows_of("ridge, MNIST", ratio={"lookalike": 1.05})
    assert [row["holds"] for row in checked(algorithms.bars(), better)] == [True]
    named = {job.name for job in algorithms.jobs()}
    assert set(algorithms.RATIOS) <= named


def test_the_result_of_a_benchmark_has_its_bars_and_prints_them(capsys):
    jobs = [("a", lambda: [{"method": "lookalike", "threads": 1, "ratio": 2.0}])]
    needed = [Bar("fast", 3, least("ratio", "a")), Bar("absent", 3, least("x", "a"))]
    result = runner.measured(jobs, None, needed)
    assert [row["bar"] for row in result["bars"]] == ["fast"]
    runner.show(result)
    shown = capsys.readouterr().out
    assert ">= 3" in shown
    assert shown.index("lookalike") < shown.index("fast")


def test_the_names_of_jobs_are_no_patterns():
    """Job names are used as shell patterns: brackets would change what they match."""
    names = {job.name for job in algorithms.jobs()}
    assert all(bars.fnmatchcase(name, name) for name in names)
