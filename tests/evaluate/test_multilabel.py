"""Several labels a row: scikit-learn's numbers, and what is refused."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn import metrics

from lookalike.evaluate import accuracy, f1, precision, recall

RNG = np.random.default_rng(0)
TRUE, PREDICTED = RNG.random((2, 40, 5)) < 0.35
TRUE[:3], PREDICTED[2:5] = False, False  # rows without any label
WEIGHTS = RNG.random(40)
THEIRS = {
    precision: metrics.precision_score,
    recall: metrics.recall_score,
    f1: metrics.f1_score,
}


@pytest.mark.parametrize("average", ["micro", "macro", "weighted", "samples", None])
@pytest.mark.parametrize("ours", THEIRS, ids=lambda f: f.__name__)
def test_scores_are_those_of_scikit_learn(ours, average):
    for options in (
        {},
        {"sample_weight": WEIGHTS},
        {"labels": [3, 1]},
        {"zero_division": 1.0},
    ):
        options = {"average": average, "zero_division": 0.0} | options
        expected = THEIRS[ours](TRUE, PREDICTED, **options)
        np.testing.assert_allclose(ours(TRUE, PREDICTED, **options), expected)
        sparse = ours(csr_matrix(TRUE), csr_matrix(PREDICTED), **options)
        np.testing.assert_allclose(sparse, expected)


def test_a_row_is_right_where_all_its_labels_are():
    assert accuracy([[1, 0], [1, 1]], [[1, 0], [0, 1]]) == 0.5
    for weights in (None, WEIGHTS):
        expected = metrics.accuracy_score(TRUE, PREDICTED, sample_weight=weights)
        assert accuracy(TRUE, PREDICTED, sample_weight=weights) == pytest.approx(
            expected
        )


@pytest.mark.parametrize(
    ("true", "options", "message"),
    [
        (TRUE, {}, "average='binary' needs one label a row; choose 'micro'"),
        (TRUE[:, :3], {"average": "micro"}, r"got \(40, 3\) and \(40, 5\)"),
        (2 * TRUE, {"average": "micro"}, "a table .* of zeros and ones"),
        (TRUE, {"average": "macro", "labels": [5]}, "columns from 0 to 4, got"),
    ],
)
def test_what_cannot_be_scored_is_refused(true, options, message):
    with pytest.raises(ValueError, match=message):
        precision(true, PREDICTED, **options)


def test_the_mean_over_rows_needs_several_labels_a_row():
    with pytest.raises(ValueError, match="'samples', which is for tables of labels"):
        f1([0, 1], [0, 1], average="samples")
