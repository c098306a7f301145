"""The area under the ROC curve beside scikit-learn, its error beside the definition."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from lookalike.evaluate.roc_area import roc_auc, roc_auc_error


def test_the_area_is_scikit_learns_and_its_error_is_delongs():
    rng = np.random.default_rng(0)
    label, score = rng.integers(2, size=60), rng.integers(9, size=60)
    assert roc_auc(label, score) == pytest.approx(roc_auc_score(label, score))
    up, down = score[label == 1], score[label == 0]
    wins = (up[:, None] > down) + 0.5 * (up[:, None] == down)
    parts = [wins.mean(axis=axis) for axis in (1, 0)]
    error = np.sqrt(sum(part.var(ddof=1) / len(part) for part in parts))
    assert roc_auc_error(label, score) == pytest.approx(error)


@pytest.mark.parametrize(
    ("label", "score", "sentence"),
    [([1, 1], [1, 2], "Both labels must occur"), ([1, 0], [1], "same rows")],
)
def test_what_has_no_area_is_refused(label, score, sentence):
    with pytest.raises(ValueError, match=sentence):
        roc_auc(label, score)
