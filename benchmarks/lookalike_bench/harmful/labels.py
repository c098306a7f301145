"""Labels: users' reports that are wrong, and which posts to label next."""

from typing import Any

import numpy as np

from lookalike.datasets.harmful_texts import load_told_br
from lookalike.evaluate.precision_recall import pr_auc
from lookalike.learn import LogisticRegression
from lookalike.learn.active import most_uncertain
from lookalike_bench.arrays import Array, Floats
from lookalike_bench.bars import Row
from lookalike_bench.harmful.common import encoded, fitted_scores

WRONG_REPORTS = 0.3


def reports(repeats: int = 5) -> list[Row]:
    """Learn from reports, three of ten of which name a harmless post."""
    data = load_told_br()
    X, held = encoded(data.train, data.validation)
    y, truth = data.train.labels[:, 0], data.validation.labels[:, 0]
    n_wrong = round(y.sum() * WRONG_REPORTS / (1 - WRONG_REPORTS))
    rows: list[Row] = []
    for name, scores_of in (
        ("lookalike", fitted_scores),
        ("a regression", _regressed),
    ):
        clean, noisy = pr_auc(truth, scores_of(X, y, held)), []
        for seed in range(repeats):
            rng, reported = np.random.default_rng(seed), y.copy()
            reported[rng.choice(np.flatnonzero(y == 0), n_wrong, replace=False)] = 1
            noisy.append(pr_auc(truth, scores_of(X, reported, held)))
        lost = clean - np.array(noisy)
        error = float(lost.std(ddof=1) / np.sqrt(repeats))
        rows.append(
            {
                "method": name,
                "right labels ap": clean,
                "reports ap": float(np.mean(noisy)),
                "lost": float(lost.mean()),
                "error": error,
            }
        )
    return rows


def active(n_labels: int = 3000, batch: int = 150, repeats: int = 5) -> list[Row]:
    """Ask for half as many labels where the model doubts; Portuguese insults."""
    data = load_told_br()
    X, held = encoded(data.train, data.validation)
    kind = data.kinds.index("insult")
    y, truth = data.train.labels[:, kind], data.validation.labels[:, kind]
    chosen, drawn = [], []
    for seed in range(repeats):
        order = np.random.default_rng(seed).permutation(len(y))
        drawn.append(pr_auc(truth, _regressed(X, y, held, rows=order[:n_labels])))
        labelled = np.zeros(len(y), bool)
        labelled[order[:300]] = True
        while labelled.sum() < n_labels // 2:
            scores = _regressed(X, y, X, rows=np.flatnonzero(labelled))
            more = most_uncertain(1 / (1 + np.exp(-scores)), batch, labelled)
            labelled[more] = True
        rows = np.flatnonzero(labelled)
        chosen.append(pr_auc(truth, _regressed(X, y, held, rows=rows)))
    gained = np.array(chosen) - drawn
    return [
        {"method": "at random", "labels": n_labels, "ap": float(np.mean(drawn))},
        {
            "method": "most uncertain",
            "labels": n_labels // 2,
            "ap": float(np.mean(chosen)),
            "gained": float(gained.mean()),
            "error": float(gained.std(ddof=1) / np.sqrt(repeats)),
        },
    ]


def _regressed(X: Any, y: Floats, held: Any, rows: Array | None = None) -> Floats:
    used = np.arange(len(y)) if rows is None else rows
    model = LogisticRegression(tol=1e-3).fit(X[used], y[used].astype(np.int64))
    found: Floats = model.decision_function(held)
    return found
