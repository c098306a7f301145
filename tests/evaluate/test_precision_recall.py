"""The area under precision and recall, against scikit-learn and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from lookalike.evaluate.precision_recall import pr_auc


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 6), st.integers(1, 4)),
        min_size=1,
        max_size=40,
    )
)
def test_values_are_those_of_scikit_learn_with_ties_and_weights(rows):
    label, score, weight = (np.array(column) for column in zip(*rows, strict=True))
    found = pr_auc(label, score, weight)
    if label.any():
        expected = average_precision_score(label, score, sample_weight=weight)
        assert found == pytest.approx(expected)
    else:
        assert found == 0


def test_scores_that_say_nothing_have_the_share_of_positives():
    assert pr_auc([0, 1, 0, 0], [0.5] * 4) == 0.25


@pytest.mark.parametrize(
    ("label", "score"),
    [([], []), ([0, 1], [0.1]), ([0, 2], [0.1, 0.2]), ([0, 1], [0.1, np.nan])],
)
def test_what_is_no_label_or_score_is_refused(label, score):
    with pytest.raises(ValueError, match="label"):
        pr_auc(label, score)
