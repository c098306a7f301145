"""The gate lets better models pass, and refuses each fault by its own check."""

import numpy as np
import pytest
from scipy import stats

from lookalike.monitor import (
    GateRule,
    judge_retrained,
    normalised_cross_entropy,
    scored,
)

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(-1, 1.2, 2000)
TRUE = 1 / (1 + np.exp(-LOGITS))
LABEL = (RNG.random(2000) < TRUE) * 1
STALE = 1 / (1 + np.exp(-0.6 * LOGITS - 0.5))


def refused(report):
    return [each.name for each in report.checks if not each.passed]


def test_a_better_model_takes_over_and_says_why():
    old = scored(LABEL, TRUE, STALE)
    found = judge_retrained(old, old, slices=["a", "b"] * 1000)
    assert found.accepted
    assert found.reason.startswith("labels: the area under the ROC")
    assert "old slice" in found.reason


def test_a_worse_model_is_refused_by_the_paired_test_that_scipy_has():
    found = judge_retrained(scored(LABEL, STALE, TRUE))
    assert "paired" in refused(found)
    losses = [-np.log(np.where(LABEL == 1, p, 1 - p)) for p in (STALE, TRUE)]
    p = stats.ttest_rel(*losses, alternative="greater").pvalue
    assert f"(p = {p:.2g})" in found.checks[1].reason
    assert found.reason.startswith("paired: ")


def test_shuffled_labels_are_refused_and_true_ones_are_not():
    rng = np.random.default_rng(1)
    passed = 0
    for _ in range(200):
        rows = rng.permutation(2000)[:400]
        shuffled = scored(rng.permutation(LABEL[rows]), TRUE[rows], TRUE[rows])
        passed += judge_retrained(shuffled).checks[0].passed
        true = scored(LABEL[rows], TRUE[rows], TRUE[rows])
        assert judge_retrained(true).checks[0].passed
    assert passed <= 2


def test_a_slice_that_is_off_is_refused_where_the_whole_is_right():
    part = np.arange(2000) % 4 == 0
    skewed = np.where(part, TRUE * 0.5, TRUE + (TRUE * part).sum() * 0.5 / 1500)
    newest = scored(LABEL, np.clip(skewed, 0, 1), TRUE)
    names = np.where(part, "small", "large")
    found = judge_retrained(newest, slices=names)
    assert "calibration" in refused(found)
    assert "small" in found.checks[2].reason
    further = np.where(part, TRUE * 0.3, np.minimum(TRUE * 1.6, 1))
    both_off = judge_retrained(scored(LABEL, skewed, further), slices=names)
    assert "calibration" not in refused(both_off)


def test_forgetting_is_measured_from_the_first_loss():
    newest = scored(LABEL, TRUE, STALE)
    loss = -np.log(np.where(LABEL == 1, TRUE, 1 - TRUE)).mean()
    old = scored(LABEL, TRUE, STALE)
    assert judge_retrained(newest, old, loss / 1.019).accepted
    assert refused(judge_retrained(newest, old, loss / 1.021)) == ["old"]


def test_too_few_labels_wait():
    found = judge_retrained(scored([1] * 5 + [0] * 95, [0.1] * 100, [0.1] * 100))
    assert "5 positives and 95 negatives have come" in found.reason


def test_equal_models_pass_the_paired_test():
    assert "paired" not in refused(judge_retrained(scored(LABEL, TRUE, TRUE)))


def test_normalised_cross_entropy_is_its_definition():
    p, y = LABEL.mean(), LABEL
    expected = -np.log(np.where(y == 1, TRUE, 1 - TRUE)).mean()
    entropy = -p * np.log(p) - (1 - p) * np.log(1 - p)
    found = normalised_cross_entropy(y * 1.0, TRUE)
    assert found == pytest.approx(expected / entropy)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: scored([2], [0.5], [0.5]), "0s and 1s"),
        (lambda: scored([1], [0.5, 0.5], [0.5]), "candidate must be a probability"),
        (lambda: scored([1], [np.nan], [0.5]), "candidate must be a probability"),
        (lambda: GateRule(unlikely=0), "unlikely"),
        (lambda: GateRule(fewest=0), "fewest"),
        (lambda: judge_retrained(scored([1], [1], [1]), slices=["a", "b"]), "got 2"),
    ],
)
def test_bad_input_gets_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
