"""Every model beside its peer: the same rows, the same penalty, in turn."""

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from lookalike.datasets import load_upworthy
from lookalike.datasets.published_clicks import load_movielens_clicks
from lookalike.evaluate import debiased_calibration_error
from lookalike.evaluate.click_loss import (
    calibration_ratio,
    log_losses,
    normalised_cross_entropy,
)
from lookalike.rank.click_features import ClickFeatures
from lookalike.rank.sparse_logistic import SparseLogistic
from lookalike.systems.ads.ladder import RUNGS, fit_rung, log_odds, rung_names
from lookalike.systems.ads.learned import best_of, calibrated, learn
from lookalike.systems.ads.rows import ClickRows, RowBuilder
from lookalike_bench.arrays import Floats, Ints
from lookalike_bench.bars import Row

PENALTY = 6.0


def movielens() -> list[Row]:
    """Learn on all but each user's last fifth, and read the test part once."""
    log = load_movielens_clicks()
    train, held_out, test = ~log.is_test, log.is_validation, log.is_test
    names = list(PEERS)
    first = learn(log, train & ~held_out, rung_names("few"), {}, 0, 1)
    kept = calibrated(first, log, held_out, "platt")
    chosen = best_of(first, kept, log, held_out)
    builder, clicked, y = RowBuilder(log, train), log.clicked[train], log.clicked[test]
    X = builder.rows(log.columns(train), log.time[train], clicked)
    T = builder.rows(log.columns(test), log.time[test])
    models, seconds, some = {}, {}, np.arange(2000)
    for name in names:
        fit_rung(name, builder, X.take(some), clicked[some], 0, 1)  # compiles
        started = time.process_time()
        models[name] = fit_rung(name, builder, X, clicked, 0, 1)
        seconds[name] = time.process_time() - started
    rows = []
    for name in names:
        chance = expit(log_odds(models, name, T))
        row: Row = {"method": f"lookalike {name}", **_numbers(chance, y)}
        row["seconds"] = seconds[name]
        started = time.process_time()
        theirs = PEERS[name](builder, X, clicked, T)
        taken = time.process_time() - started
        row["loss / peer"] = float(
            log_losses(chance, y).mean() / log_losses(theirs, y).mean()
        )
        row["seconds / peer"] = seconds[name] / taken
        other = {"method": f"{NAMES[name]} as {name}", **_numbers(theirs, y)}
        rows += [{**other, "seconds": taken}, row]
    chance = kept[chosen].chances(log_odds(models, chosen, T))
    error = debiased_calibration_error(chance, y)
    rows.append(
        {
            "method": f"lookalike, chosen: {chosen}",
            **_numbers(chance, y),
            "chosen, NCE": normalised_cross_entropy(chance, y),
            "calibration error": error.value,
            "its interval": f"[{error.low:.4f}, {error.high:.4f}]",
        }
    )
    return rows


def _numbers(chance: Floats, y: Ints) -> Row:
    return {
        "NCE": normalised_cross_entropy(chance, y),
        "log loss": float(log_losses(chance, y).mean()),
        "p/y": calibration_ratio(chance, y).value,
    }


def _matrix(codes: Any, n_codes: int) -> Any:
    """Rows of codes as a sparse matrix of ones."""
    at, slot = np.nonzero(codes >= 0)
    columns = codes[at, slot].astype(np.int64)
    shape = len(codes), n_codes
    return sp.csr_array((np.ones(len(at)), (at, columns)), shape=shape)


def _sklearn(kind: str) -> Callable[..., Floats]:
    def peer(builder: RowBuilder, X: ClickRows, y: Ints, T: ClickRows) -> Floats:
        n = builder.features.n_codes
        A, B = (_matrix(RUNGS[kind].rows(rows), n) for rows in (X, T))
        model = LogisticRegression(C=1 / PENALTY, max_iter=1000, tol=1e-6)
        return model.fit(A, y).predict_proba(B)[:, 1]

    return peer


def _trees() -> dict[str, Any]:
    return {
        "n_estimators": 150,
        "num_leaves": 15,
        "learning_rate": 0.05,
        "min_child_samples": 100,
        "reg_lambda": 1.0,
        "n_jobs": 1,
        "verbose": -1,
    }


def _lightgbm(builder: RowBuilder, X: ClickRows, y: Ints, T: ClickRows) -> Floats:
    from lightgbm import LGBMClassifier

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LGBMClassifier(**_trees()).fit(X.numbers, y)
        return np.asarray(model.predict_proba(T.numbers))[:, 1]


def _leaves(builder: RowBuilder, X: ClickRows, y: Ints, T: ClickRows) -> Floats:
    """LightGBM's leaves and the same codes, one-hot, into scikit-learn's regression."""
    from lightgbm import LGBMClassifier

    options = {
        **_trees(),
        "n_estimators": 60,
        "num_leaves": 16,
        "learning_rate": 0.1,
        "min_child_samples": 50,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trees = LGBMClassifier(**options).fit(X.numbers, y)
        leaves = [
            np.asarray(trees.predict(each.numbers, pred_leaf=True)) for each in (X, T)
        ]
    offset = np.arange(leaves[0].shape[1]) * 16
    n_leaves = 16 * len(offset)
    A, B = (
        _matrix(
            np.hstack(
                [own + offset, np.where(rows.plain >= 0, rows.plain + n_leaves, -1)]
            ),
            n_leaves + builder.features.n_own,
        )
        for own, rows in zip(leaves, (X, T), strict=True)
    )
    model = LogisticRegression(C=1 / 10.0, max_iter=1000, tol=1e-6)
    return model.fit(A, y).predict_proba(B)[:, 1]


def _torch_fm(builder: RowBuilder, X: ClickRows, y: Ints, T: ClickRows) -> Floats:
    """A factorisation machine as torch users write it: Adam, as many passes."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.manual_seed(0)
    n, k = builder.features.n_own + 1, 16
    weights, factors = nn.Embedding(n, 1, 0), nn.Embedding(n, k, 0)
    nn.init.zeros_(weights.weight)
    nn.init.normal_(factors.weight, std=0.02)
    first = nn.Parameter(torch.zeros(1))

    def scores(codes: Any) -> Any:
        v = factors(codes)
        pairs = v.sum(1).square() - v.square().sum(1)
        return first + weights(codes).sum((1, 2)) + 0.5 * pairs.sum(1), v

    A, B = (torch.from_numpy(rows.plain.astype(np.int64) + 1) for rows in (X, T))
    target = torch.from_numpy(y.astype(np.float32))
    parameters = [first, *weights.parameters(), *factors.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=2e-3)
    for _ in range(8):
        for batch in torch.randperm(len(A)).split(512):
            s, v = scores(A[batch])
            loss = nn.functional.binary_cross_entropy_with_logits(s, target[batch])
            loss = loss + 5e-3 * v.square().sum((1, 2)).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    with torch.no_grad():
        return expit(scores(B)[0].numpy().astype(np.float64))


PEERS: dict[str, Callable[..., Floats]] = {
    "logistic": _sklearn("logistic"),
    "crosses": _sklearn("crosses"),
    "boosted": _lightgbm,
    "leaves": _leaves,
    "fm": _torch_fm,
}
NAMES = {
    "logistic": "scikit-learn",
    "crosses": "scikit-learn",
    "boosted": "LightGBM",
    "leaves": "LightGBM, scikit-learn",
    "fm": "torch",
}


def upworthy() -> list[Row]:
    """Learn the words of headlines on the first 80% of weeks; weights are clicks."""
    tests = load_upworthy()
    sound = ~tests.is_faulty
    edge = np.quantile(tests.week[sound], 0.8)
    late = tests.week > edge
    words = {"headline": np.array(tests.headline, dtype=str)}
    train, test = sound & ~late, sound & late
    clicks, shown = tests.clicks.astype(float), tests.impressions.astype(float)
    rate = clicks[train].sum() / shown[train].sum()
    features = ClickFeatures({"headline": "text"}, most_words=24)
    features.fit({"headline": words["headline"][train]}, np.full(train.sum(), rate))
    A, B = (
        features.codes({"headline": words["headline"][rows]}) for rows in (train, test)
    )
    y = np.repeat([1, 0], len(A))
    weight = np.concatenate([clicks[train], shown[train] - clicks[train]])
    weight = weight / shown[train].mean()
    both, M = np.vstack([A, A]), _matrix(A, features.n_codes)
    twice = sp.vstack([M, M]).tocsr()

    def loss(chance: Floats) -> float:
        k, n = clicks[test], shown[test]
        r = k.sum() / n.sum()
        each = k * np.log(chance) + (n - k) * np.log1p(-chance)
        entropy = -(r * np.log(r) + (1 - r) * np.log1p(-r))
        return float(-each.sum() / n.sum() / entropy)

    found: list[Row] = []
    for tol in (1e-4, 1e-9):
        model = LogisticRegression(tol=tol, max_iter=2000, C=1.0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(twice, y, sample_weight=weight)
        chance = model.predict_proba(_matrix(B, features.n_codes))[:, 1]
        found.append({"method": f"scikit-learn, tol {tol:g}", "NCE": loss(chance)})
    ours = SparseLogistic(features.n_codes, alpha=1.0)
    ours.fit(both, y, sample_weight=weight)
    mine = loss(expit(ours.score_rows(B)))
    best = float(found[1]["NCE"])
    found.append({"method": "lookalike", "NCE": mine, "less the best": mine - best})
    return found
