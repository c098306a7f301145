"""Networks of several heads: what they learn together, and what they refuse."""

import numpy as np
import pytest
from scipy.special import expit

from lookalike.evaluate.roc_area import roc_auc
from lookalike.rank.multi_task_network import KINDS, MultiTaskNetwork

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def rows():
    """Three heads of one hidden liking: two actions and a number."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 5)).astype(np.float32)
    liking = X[:, 0] * X[:, 1] + X[:, 2]
    y = np.column_stack(
        [rng.random(3000) < expit(liking), rng.random(3000) < expit(liking - 3), liking]
    )
    return X, y.astype(float)


@pytest.mark.parametrize("kind", KINDS)
def test_heads_are_learned_and_a_row_does_not_depend_on_others(rows, kind):
    X, y = rows
    model = MultiTaskNetwork(kind, (16, 8), max_iter=12, learning_rate=0.01)
    scores = model.fit(X[:2400], y[:2400], [False, False, True]).scores(X[2400:])
    assert roc_auc(y[2400:, 0], scores[:, 0]) > 0.7
    assert roc_auc(y[2400:, 1], scores[:, 1]) > 0.7
    assert np.corrcoef(y[2400:, 2], scores[:, 2])[0, 1] > 0.9
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    alone = np.vstack([model.scores(X[[row]]) for row in range(2400, 2410)])
    np.testing.assert_array_equal(alone, scores[:10])
    again = MultiTaskNetwork.from_arrays(model.arrays())
    np.testing.assert_array_equal(again.scores(X[2400:]), scores)


def test_scores_are_those_of_the_formula(rows):
    X, y = rows
    model = MultiTaskNetwork("mmoe", (6,), n_experts=3, max_iter=1).fit(X, y)
    p = model.arrays()
    first = (X[7] - p["mean"]) / p["scale"]
    experts = [
        np.maximum(first @ p[f"bottom{e}_0_weights"] + p[f"bottom{e}_0_bias"], 0)
        for e in range(3)
    ]
    gates = (first @ p["gate_weights"] + p["gate_bias"]).reshape(3, 3)
    gates = np.exp(gates) / np.exp(gates).sum(axis=1, keepdims=True)
    expected = [
        sum(gates[h, e] * (experts[e] @ p["head_weights"][:, h]) for e in range(3))
        + p["head_bias"][h]
        for h in range(3)
    ]
    np.testing.assert_allclose(model.scores(X[[7]])[0], expected)


def test_unknown_answers_play_no_part(rows):
    X, y = rows
    some = y.copy()
    some[1500:, 1] = np.nan
    options = {"hidden_layer_sizes": (8,), "max_iter": 3}
    one = MultiTaskNetwork(**options).fit(X, some)
    some[1500:, 1] = np.nan
    two = MultiTaskNetwork(**options).fit(X, some)
    np.testing.assert_array_equal(one.scores(X), two.scores(X))
    assert np.isfinite(one.scores(X)).all()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"kind": "tower"}, "kind must be"),
        ({"max_iter": 0}, "max_iter must be a whole number"),
        ({"learning_rate": 0}, "learning_rate"),
    ],
)
def test_bad_parameters_are_refused(rows, options, told):
    with pytest.raises(ValueError, match=told):
        MultiTaskNetwork(**options).fit(*rows)


def test_bad_rows_are_refused(rows):
    X, y = rows
    for bad, answers, told in (
        (X[:5], y, "a row for each example"),
        (X * np.nan, y, "X must be finite"),
        (X, y * [1, np.nan, 1], "The answers of head 1 are all unknown"),
    ):
        with pytest.raises(ValueError, match=told):
            MultiTaskNetwork().fit(bad, answers)
    with pytest.raises(ValueError, match="its layers do not fit together"):
        MultiTaskNetwork.from_arrays(
            {"mean": np.zeros(2), "scale": np.ones(2), "head_bias": np.zeros(1)}
        )
