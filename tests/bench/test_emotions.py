"""The source's recipe over many splits at once: each is the recipe on its own."""

import numpy as np
import pytest
from scipy.special import expit

from lookalike.evaluate import bootstrap
from lookalike_bench import emotions


def test_every_split_learns_as_if_it_were_alone(monkeypatch):
    rng = np.random.default_rng(0)
    X = np.ones((60, 9), np.float32)
    X[:, :-1] = rng.random((60, 8))
    fear = (X[:, 0] + 0.3 * rng.normal(size=60) > 0.5).astype(int)
    monkeypatch.setattr(emotions, "SPLITS", 3)
    monkeypatch.setattr(emotions, "TEST", {1: 7, 0: 9})
    monkeypatch.setattr(emotions, "MEASURED_EPOCHS", (20, 300))
    monkeypatch.setattr(emotions, "STEP", 0.02)
    source, *rows = emotions.learned(X, fear, lambda what, share: None)
    assert source["recall"] == "0.362"
    assert [row["method"] for row in rows] == ["after 20 epochs", "after 300 epochs"]
    found = {name: [] for name in emotions.METRICS}
    for seed in range(3):
        held = emotions.held_out(fear, seed)
        assert (held.sum(), fear[held].sum()) == (16, 7)
        A, y = X[~held, :-1], fear[~held]
        w = np.zeros(8)
        for _ in range(300):
            w -= 0.02 * A.T @ (expit(A @ w) - y)
        predicted = (X[held, :-1] @ w > 0).astype(int)
        for name, metric in emotions.METRICS.items():
            found[name].append(metric(fear[held], predicted))
    distances = []
    for name, values in found.items():
        assert rows[1][name] == str(bootstrap(np.mean, np.array(values)))
        distances.append(abs(np.mean(values) - emotions.PRINTED[name]))
    assert rows[1]["distance"] == pytest.approx(max(distances), abs=1e-4)


def test_no_other_job_is_there():
    with pytest.raises(ValueError, match="there are source recipe"):
        emotions.run(only="happy")
