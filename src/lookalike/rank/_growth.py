"""How boosted trees may grow: what the rankers made of them share."""

from typing import Any

from joblib import effective_n_jobs

from lookalike._checks import check_positive, check_whole


def check_growth(ranker: Any) -> None:
    """Refuse limits that make no tree."""
    check_whole("n_estimators", ranker.n_estimators)
    check_whole("num_leaves", ranker.num_leaves, least=2)
    check_whole("min_child_samples", ranker.min_child_samples)
    check_positive("learning_rate", ranker.learning_rate)
    check_positive("reg_lambda", ranker.reg_lambda, zero=True)
    for name in ("subsample", "colsample"):
        share = getattr(ranker, name)
        check_positive(name, share)
        if share > 1:
            raise ValueError(f"{name} must lie in (0, 1], got {share!r}.")


def growth(ranker: Any) -> dict[str, Any]:
    """Return the limits under LightGBM's names."""
    return {
        "learning_rate": ranker.learning_rate,
        "num_leaves": ranker.num_leaves,
        "min_data_in_leaf": ranker.min_child_samples,
        "lambda_l2": ranker.reg_lambda,
        "bagging_fraction": ranker.subsample,
        "bagging_freq": int(ranker.subsample < 1),
        "feature_fraction": ranker.colsample,
        "seed": ranker.random_state,
        "num_threads": effective_n_jobs(ranker.n_jobs),
    }
