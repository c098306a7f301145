"""Heads beside others: a shared network beside single ones, and KuaiRand's."""

import numpy as np
from scipy.special import expit

from lookalike.datasets.feed_log import DWELL
from lookalike.datasets.feed_simulator import simulate_feed
from lookalike.datasets.kuairand import load_kuairand
from lookalike.evaluate import Estimate, paired_test
from lookalike.evaluate.roc_area import roc_auc, roc_auc_error
from lookalike.rank.multi_task_network import MultiTaskNetwork
from lookalike.systems.feed import Feed
from lookalike.systems.feed.examination import Examination
from lookalike.systems.feed.heads import losses
from lookalike.systems.feed.rows import FeedCounts
from lookalike.systems.feed.system import answers_of, features_of, looks_of
from lookalike_bench.arrays import Floats, Ints
from lookalike_bench.bars import Row

POOR = "comment"  # the head that has a tenth of the labels


def shared() -> list[Row]:
    """Hide nine of ten labels of a head, and learn it alone and beside the others.

    Both networks have the same layers; each user is one draw of the paired test.
    """
    log = simulate_feed(300, 80, 8000, 12_000, random_state=5)
    train = ~log.is_test
    every = np.ones(len(log), bool)
    curve = Examination.learned(log, train)
    looks = looks_of(log, curve)
    base = FeedCounts(log, train, looks).base
    counts = FeedCounts(log, every, looks, base)
    X, y = features_of(counts, log, every, curve), answers_of(log, every)
    at = counts.heads.index(POOR)
    rng = np.random.default_rng(0)
    known = y.copy()
    known[rng.random(len(y)) >= 0.1, at] = np.nan
    regression = [head == DWELL for head in counts.heads]
    labelled = train & np.isfinite(known[:, at])
    scores = {
        "alone": MultiTaskNetwork(max_iter=8, n_jobs=1)
        .fit(X[labelled], known[labelled][:, [at]])
        .scores(X[log.is_test])[:, 0],
        "shared": MultiTaskNetwork(max_iter=8, n_jobs=1)
        .fit(X[train], known[train], regression)
        .scores(X[log.is_test])[:, at],
        "mmoe": MultiTaskNetwork("mmoe", max_iter=8, n_jobs=1)
        .fit(X[train], known[train], regression)
        .scores(X[log.is_test])[:, at],
    }
    truth, user = y[log.is_test][:, [at]], log.user[log.is_test]
    means = {
        name: _by_user(user, losses(expit(each)[:, None], truth, [POOR])[:, 0])
        for name, each in scores.items()
    }
    rows: list[Row] = []
    for name, each in scores.items():
        row: Row = {
            "method": name,
            "labels": int(labelled.sum()),
            "log loss": float(means[name].mean()),
            "area": roc_auc(truth[:, 0], each),
        }
        if name != "alone":
            test = paired_test(-means[name], -means["alone"])
            row["better"] = str(test.difference)
            row["p, if better"] = test.p_value if test.difference.value > 0 else 1.0
        rows.append(row)
    return rows


def kuairand() -> list[Row]:
    """Learn from the first four fifths of the liked impressions, and read the last."""
    log = load_kuairand()
    system = Feed("blend", "all", n_jobs=1).fit(log)
    test, train = log.is_test, ~log.is_test
    every = np.ones(len(log), bool)
    curve = system.examination_
    counts = FeedCounts(log, every, looks_of(log, curve), system.base_)
    X, y = features_of(counts, log, every, curve), answers_of(log, every)
    ours = system.heads_.predict(X[test], counts)
    own = counts.rates(X[test], "user")
    rows: list[Row] = []
    for at, head in enumerate(counts.heads):
        answers = y[test, at]
        areas = {
            "LightGBM": roc_auc(answers, _lightgbm(X[train], y[train, at], X[test])),
            "own": roc_auc(answers, own[:, at]),
        }
        area = roc_auc(answers, ours[:, at])
        half = 1.96 * roc_auc_error(answers, ours[:, at])
        rows.append(
            {
                "method": head,
                "done": int(answers.sum()),
                "area": str(Estimate(area, area - half, min(area + half, 1.0))),
                "LightGBM": areas["LightGBM"],
                "user's own share": areas["own"],
                "less the better": area - max(areas.values()),
            }
        )
    return rows


def _lightgbm(X: Floats, y: Floats, T: Floats) -> Floats:
    from lightgbm import LGBMClassifier

    model = LGBMClassifier(
        n_estimators=200, learning_rate=0.05, num_leaves=31, n_jobs=1, verbose=-1
    )
    found: Floats = np.asarray(model.fit(X, y).predict_proba(np.asarray(T)))[:, 1]
    return found


def _by_user(user: Ints, rows: Floats) -> Floats:
    users, at = np.unique(user, return_inverse=True)
    found: Floats = np.bincount(at, rows, len(users)) / np.bincount(at)
    return found
