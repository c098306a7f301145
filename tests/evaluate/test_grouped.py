"""Rows grouped by query: ranked group by group, measured group by group."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.evaluate import QueryGroups, ndcg_at_k, recall_at_k


def by_hand():
    relevance = np.array([0, 1, 0, 0, 0, 1, 1])
    return QueryGroups(np.array([3, 3, 3, 5, 5, 9, 9]), relevance)


def test_groups_are_ranked_and_measured_one_by_one():
    groups = by_hand()
    scores = np.array([3.0, 2, 1, 9, 8, 5, 5])
    assert groups.n_evaluated == 2
    assert groups.has_relevant.tolist() == [True, False, True]
    assert groups.ranked_relevance(scores).tolist() == [[0, 1, 0], [1, 1, 0]]
    expected = ndcg_at_k([[0, 1, 0], [1, 1, 0]], 2)
    np.testing.assert_allclose(groups.ndcg(scores, 2), expected)
    assert groups.recall(scores, 1).tolist() == [0, 0.5]
    rows = np.array([1, 0, 1, 1, 1, 1, 0], bool)
    assert groups.ranked_relevance(scores, rows).tolist() == [[1, 0]]
    assert groups.ndcg(scores, 2, rows).tolist() == [1]
    assert groups.has_relevant_among(rows).tolist() == [False, False, True]
    first = np.arange(7) < 3
    assert groups.has_relevant_among(first).tolist() == [True, False, False]
    assert groups.in_groups_of(first, 3).tolist() == first.tolist()
    assert groups.in_groups_of(rows, 2).tolist() == [1, 0, 1, 1, 1, 0, 0]


def test_k_beyond_the_longest_group_is_that_of_the_whole_group():
    groups, scores = by_hand(), np.arange(7.0)
    np.testing.assert_array_equal(groups.ndcg(scores, 99), groups.ndcg(scores, 3))
    assert groups.recall(scores, 99).tolist() == [1, 1]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_measures_are_those_of_each_group_by_itself(data):
    n = data.draw(st.integers(1, 30))
    column = st.lists(st.integers(0, 3), min_size=n, max_size=n)
    ids, scores = np.array(data.draw(column)), np.array(data.draw(column))
    relevance = np.array(data.draw(column)) > 1
    k = data.draw(st.integers(1, 5))
    groups = QueryGroups(ids, relevance)
    ndcg, recall, top = [], [], []
    for group in np.unique(ids):
        mine = np.flatnonzero(ids == group)
        order = mine[np.argsort(-scores[mine], kind="stable")]
        top += order[:k].tolist()
        if not relevance[mine].any():
            continue
        ranked, depth = relevance[order][None], min(k, len(mine))
        ndcg += ndcg_at_k(ranked, depth).tolist()
        recall += recall_at_k(ranked, depth, [relevance[mine].sum()]).tolist()
    assert groups.top_rows(scores, k).tolist() == top
    assert groups.n_evaluated == len(ndcg)
    if ndcg:
        np.testing.assert_allclose(groups.ndcg(scores, k), ndcg)
        np.testing.assert_allclose(groups.recall(scores, k), recall)


def test_columns_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match=r"one value a row, got shapes \(2,\) and"):
        QueryGroups([1, 2], [1])
    with pytest.raises(ValueError, match="one value a row"):
        QueryGroups([[1, 2]], [[1, 0]])
    with pytest.raises(ValueError, match=r"scores must be 7 values, one a row, got"):
        by_hand().ndcg([1.0, 2.0], 2)
