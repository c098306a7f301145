"""Measures by name are those of the functions, and of their definitions, one by one."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.evaluate import evaluate_rankings
from lookalike.evaluate.measures import MEASURES

ITEMS = st.integers(0, 12)
RANKING = st.lists(ITEMS, unique=True, max_size=12)
GRADES = st.dictionaries(ITEMS, st.integers(0, 3), max_size=8)
QUERIES = st.lists(st.tuples(RANKING, GRADES), min_size=1, max_size=5)


def defined(measure, ranking, grades, k):
    """One measure of one query, from the textbook, without arrays."""
    gains = [grades.get(item, 0) for item in ranking[:k]]
    hits = [gain > 0 for gain in gains]
    n_relevant = sum(grade > 0 for grade in grades.values())
    if n_relevant == 0:
        return 0.0
    precision, recall = sum(hits) / k, sum(hits) / n_relevant

    def discounted(values, exponential):
        gain = (lambda g: 2**g - 1) if exponential else float
        return sum(gain(g) / math.log2(at + 2) for at, g in enumerate(values[:k]))

    def ndcg(exponential):
        ideal = sorted(grades.values(), reverse=True)
        return discounted(gains, exponential) / discounted(ideal, exponential)

    precisions = [sum(hits[: at + 1]) / (at + 1) for at in range(len(hits)) if hits[at]]
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if any(hits) else 0.0,
        "hit_rate": float(any(hits)),
        "mrr": 1 / (1 + hits.index(True)) if any(hits) else 0.0,
        "map": sum(precisions) / n_relevant,
        "ndcg": ndcg(False),
        "ndcg_burges": ndcg(True),
    }[measure]


@given(QUERIES, st.integers(1, 15))
def test_every_measure_is_its_definition(queries, k):
    rankings, judgments = zip(*queries, strict=True)
    depth = max(k, 1, *map(len, rankings))
    for measure in MEASURES:
        for name, cut in ((f"{measure}@{k}", k), (measure, depth)):
            found = evaluate_rankings(rankings, judgments, [f"recall@{k}", name])
            expected = [defined(measure, *query, cut) for query in queries]
            np.testing.assert_allclose(found[name], expected, err_msg=name)


def test_ids_may_be_texts_and_there_may_be_no_query():
    found = evaluate_rankings([["a"], []], [{"a": 1}, {"b": 1}], ["map"])
    assert found["map"].tolist() == [1.0, 0.0]
    assert evaluate_rankings([], [])["mrr"].shape == (0,)


@pytest.mark.parametrize(
    ("rankings", "judgments", "measures", "sentence"),
    [
        (
            [["a"]],
            [{}],
            ["ndgc@10"],
            "There is no measure 'ndgc'; there are precision,",
        ),
        ([["a"]], [{}], ["ndcg@0"], "A cut is a whole number from 1, got 'ndcg@0'."),
        ([["a"]], [{}], ["ndcg@ten"], "A cut is a whole number from 1, got"),
        (
            [["a"]],
            [],
            ["mrr"],
            "Every ranking needs its judgments, got 1 rankings and 0",
        ),
        ([["a"], ["b", "b"]], [{}, {}], ["mrr"], "Ranking 1 names an item twice."),
        ([["a"]], [{"a": -1}], ["mrr"], "Grades must be finite and at least 0."),
        ([["a"]], [{"a": math.nan}], ["mrr"], "Grades must be finite and at least 0."),
    ],
)
def test_what_makes_no_sense_is_refused(rankings, judgments, measures, sentence):
    with pytest.raises(ValueError, match=sentence.replace(".", r"\.")):
        evaluate_rankings(rankings, judgments, measures)
