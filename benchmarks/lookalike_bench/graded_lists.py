"""The jobs of ``lookalike bench ltr`` that learn from grades: MQ2008 and a sample.

``mq2008``: every ranker of ours beside LightGBM and XGBoost on the publisher's five
folds, nDCG@10 with gains 2^grade - 1, 0 where no document is relevant; the means are
over the queries of all test parts. Each ranker has the setting that was best on the
validation parts, from the same few for ours and theirs (XGBoost has no least number of
rows of a leaf, and goes without). ``sample`` is LightGBM's, of
201 queries to learn from: no setting is chosen there. ``fit`` takes the time of 200
trees of the same limits, one thread, in turn.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from lookalike.datasets import GradedLists, fold_of, load_lambdarank, load_mq2008
from lookalike.evaluate import bootstrap, ndcg_at_k, paired_test
from lookalike.rank import Blend, BoostedRanker, LambdaMART, LinearRanker
from lookalike_bench.arrays import Array, Floats
from lookalike_bench.bars import Row
from lookalike_bench.runner import Contestant

K = 10
LOSSES = ("lambdarank", "xendcg", "ranknet", "listnet", "listmle")
LIMITS: tuple[dict[str, Any], ...] = (
    {"n_estimators": 100},
    {"n_estimators": 200, "num_leaves": 7},
    {
        "n_estimators": 300,
        "num_leaves": 7,
        "learning_rate": 0.03,
        "min_child_samples": 100,
        "subsample": 0.7,
        "colsample": 0.5,
    },
    {
        "n_estimators": 300,
        "num_leaves": 7,
        "learning_rate": 0.03,
        "min_child_samples": 300,
        "subsample": 0.7,
        "colsample": 0.5,
    },
)
"""Settings to choose from, of trees."""
DEFAULTS: dict[str, Any] = {
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_child_samples": 20,
    "subsample": 1.0,
    "colsample": 1.0,
}
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)
FEW = LIMITS[2]


class LightGBM:
    """LightGBM's rankers with the names of our limits."""

    def __init__(self, objective: str, **limits: Any) -> None:
        given = DEFAULTS | limits
        self.n_trees = int(given["n_estimators"])
        self.params = {
            "objective": objective,
            "learning_rate": given["learning_rate"],
            "num_leaves": given["num_leaves"],
            "min_data_in_leaf": given["min_child_samples"],
            "lambda_l2": 1.0,
            "bagging_fraction": given["subsample"],
            "bagging_freq": int(given["subsample"] < 1),
            "feature_fraction": given["colsample"],
            "verbosity": -1,
            "num_threads": 1,
        }

    def fit(self, X: Array, y: Array, groups: Array) -> "LightGBM":
        """Grow the trees."""
        import lightgbm

        rows = lightgbm.Dataset(X, y, group=groups)
        self.booster = lightgbm.train(self.params, rows, self.n_trees)
        return self

    def score_rows(self, X: Array) -> Floats:
        """Scores of rows."""
        scores: Floats = np.asarray(self.booster.predict(X))
        return scores


class XGBoost:
    """XGBoost's LambdaMART with the names of our limits."""

    def __init__(self, **limits: Any) -> None:
        given = DEFAULTS | limits
        self.n_trees = int(given["n_estimators"])
        self.params = {
            "objective": "rank:ndcg",
            "lambdarank_pair_method": "topk",
            "lambdarank_num_pair_per_sample": 30,
            "grow_policy": "lossguide",
            "max_depth": 0,
            "tree_method": "hist",
            "max_leaves": given["num_leaves"],
            "learning_rate": given["learning_rate"],
            "subsample": given["subsample"],
            "colsample_bytree": given["colsample"],
            "nthread": 1,
        }

    def fit(self, X: Array, y: Array, groups: Array) -> "XGBoost":
        """Grow the trees."""
        import xgboost

        rows = xgboost.DMatrix(X, y)
        rows.set_group(groups)
        self.booster = xgboost.train(self.params, rows, self.n_trees)
        return self

    def score_rows(self, X: Array) -> Floats:
        """Scores of rows."""
        import xgboost

        scores: Floats = self.booster.predict(xgboost.DMatrix(X)).astype(np.float64)
        return scores


class BestFeature:
    """The one feature that orders the lists it learns from best."""

    def fit(self, X: Array, y: Array, groups: Array) -> "BestFeature":
        """Choose the feature."""
        lists = GradedLists(X, y, groups, tuple(map(str, range(len(groups)))))
        means = [qualities(lists, X[:, j]).mean() for j in range(X.shape[1])]
        self.feature = int(np.argmax(means))
        return self

    def score_rows(self, X: Array) -> Floats:
        """Return the feature."""
        return X[:, self.feature].astype(np.float64)


def blend() -> Blend:
    """A pairwise, a listwise and a pointwise ranker."""
    return Blend(
        [
            LinearRanker(alpha=0.01),
            LambdaMART(loss="listmle", **LIMITS[1]),
            BoostedRanker(loss="squared", **FEW),
        ]
    )


def candidates() -> dict[str, list[Callable[[], Any]]]:
    """All rankers by name, each with the settings to choose from."""
    made: dict[str, list[Callable[[], Any]]] = {"best feature": [BestFeature]}
    for smooth in ("ranknet", "listnet", "listmle"):
        made[f"linear {smooth}"] = [
            partial(LinearRanker, smooth, alpha=alpha) for alpha in PENALTIES
        ]
    trees: dict[str, Callable[..., Any]] = {
        "trees squared": partial(BoostedRanker, loss="squared"),
        **{f"trees {loss}": partial(LambdaMART, loss=loss) for loss in LOSSES},
        "LightGBM lambdarank": partial(LightGBM, "lambdarank"),
        "LightGBM xendcg": partial(LightGBM, "rank_xendcg"),
        "XGBoost ndcg": XGBoost,
    }
    for name, kind in trees.items():
        made[name] = [partial(kind, **limits) for limits in LIMITS]
    made["blend"] = [blend]
    return made


def mq2008(report: Callable[[str, float], None]) -> list[Row]:
    """Measure every ranker on the test parts, its setting chosen on the others."""
    folds = [fold_of(load_mq2008(), fold) for fold in range(5)]
    rows: list[Row] = []
    found: dict[str, Floats] = {}
    kinds = candidates()
    for done, (name, settings) in enumerate(kinds.items()):
        report(name, done / len(kinds))
        try:
            fitted = [[_fitted(make(), fold[0]) for fold in folds] for make in settings]
        except ModuleNotFoundError:
            continue
        judged = [
            np.concatenate([_judged(ranker, fold[1]) for ranker, fold in pairs]).mean()
            for pairs in (list(zip(each, folds, strict=True)) for each in fitted)
        ]
        chosen = int(np.argmax(judged))
        values = np.concatenate(
            [
                _judged(ranker, fold[2])
                for ranker, fold in zip(fitted[chosen], folds, strict=True)
            ]
        )
        found[name] = values
        row: Row = {"method": name, "ndcg@10": str(bootstrap(np.mean, values))}
        row |= {"on validation": round(float(judged[chosen]), 4), "setting": chosen}
        rows.append(row)
    peer = found.get("LightGBM lambdarank")
    for row in rows:
        if peer is not None and row["method"] != "LightGBM lambdarank":
            test = paired_test(found[row["method"]], peer)
            row |= {
                "against LightGBM": str(test.difference),
                "p": round(test.p_value, 4),
            }
    return rows


def sample(report: Callable[[str, float], None]) -> list[Row]:
    """Measure rankers of one setting on LightGBM's sample."""
    train, test = load_lambdarank()
    rows: list[Row] = []
    made: dict[str, Callable[[], Any]] = {
        "trees lambdarank": partial(LambdaMART, 100),
        "blend": blend,
        "LightGBM lambdarank": partial(LightGBM, "lambdarank", n_estimators=100),
    }
    for name, make in made.items():
        report(name, len(rows) / len(made))
        try:
            values = _judged(_fitted(make(), train), test)
        except ModuleNotFoundError:
            continue
        rows.append({"method": name, "ndcg@10": str(bootstrap(np.mean, values))})
    return rows


def contestants() -> Iterable[Contestant]:
    """200 trees for nDCG, by each library."""
    for name in ("lookalike", "LightGBM", "XGBoost"):
        yield Contestant(name, "lookalike_bench.graded_lists:fitting", {"name": name})


def fitting(name: str) -> Any:
    """A call that grows 200 trees on three parts of MQ2008."""
    kinds: dict[str, Any] = {"lookalike": LambdaMART, "XGBoost": XGBoost}
    kinds["LightGBM"] = partial(LightGBM, "lambdarank")
    train = fold_of(load_mq2008(), 0)[0]
    return lambda: _fitted(kinds[name](n_estimators=200), train)


def qualities(part: GradedLists, scores: Floats) -> Floats:
    """nDCG@10 of each query, (n_queries,), with gains 2^grade - 1; ties by row."""
    width = max(K, int(part.sizes.max()))
    begins = np.cumsum(part.sizes) - part.sizes
    place = np.arange(len(scores)) - np.repeat(begins, part.sizes)
    order = np.lexsort((place, -scores, part.query_of_row))
    grades = np.zeros((len(part), width))
    grades[part.query_of_row, place] = part.grades[order]
    found = ndcg_at_k(grades, K, gain="exponential")
    return np.where(grades.any(axis=1), found, 0.0)


def _fitted(ranker: Any, lists: GradedLists) -> Any:
    return ranker.fit(lists.features, lists.grades, lists.sizes)


def _judged(ranker: Any, lists: GradedLists) -> Floats:
    return qualities(lists, ranker.score_rows(lists.features))
