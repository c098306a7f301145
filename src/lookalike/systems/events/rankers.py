"""The rankers that put events in order, and which of them can be learned here."""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

from lookalike._arrays import named
from lookalike._typing import Array
from lookalike.rank.boosted_ranker import BoostedRanker
from lookalike.rank.lambda_mart import LambdaMART
from lookalike.rank.logistic_ranker import LogisticRanker
from lookalike.rank.network_ranker import NetworkRanker
from lookalike.rank.ranker import Ranker
from lookalike.rank.resampling import downsample_negatives

Kinds = dict[str, tuple[str | None, Callable[[int, int | None], Any]]]

_TREES: dict[str, Any] = {
    "n_estimators": 200,
    "num_leaves": 15,
    "min_child_samples": 100,
}
THIN = 5.0  # irrelevant rows for each relevant one, where they are thinned out

KINDS: Kinds = {
    "logistic": (None, lambda seed, jobs: LogisticRanker()),
    "boosted": (
        "lightgbm",
        lambda seed, jobs: BoostedRanker(**_TREES, random_state=seed, n_jobs=jobs),
    ),
    "network": (
        "torch",
        lambda seed, jobs: NetworkRanker(max_iter=4, random_state=seed, n_jobs=jobs),
    ),
    "lambdamart": (
        "lightgbm",
        lambda seed, jobs: LambdaMART(**_TREES, random_state=seed, n_jobs=jobs),
    ),
    "cross": (
        "torch",
        lambda seed, jobs: NetworkRanker(
            n_cross=2, max_iter=4, random_state=seed, n_jobs=jobs
        ),
    ),
    "network_focal": (
        "torch",
        lambda seed, jobs: NetworkRanker(
            loss="focal", max_iter=4, random_state=seed, n_jobs=jobs
        ),
    ),
    "network_balanced": (
        "torch",
        lambda seed, jobs: NetworkRanker(
            loss="balanced", max_iter=4, random_state=seed, n_jobs=jobs
        ),
    ),
    "network_thinned": (
        "torch",
        lambda seed, jobs: NetworkRanker(max_iter=20, random_state=seed, n_jobs=jobs),
    ),
}
"""Name: the package that teaches it, and a ranker that has learned nothing yet."""
FEW = ("logistic", "boosted", "network")


def kinds_here(compare: str) -> list[str]:
    """Names of the rankers to learn: those whose packages are installed.

    compare : "few", "all", or names with commas between them
    """
    if compare in ("few", "all"):
        wanted = list(FEW if compare == "few" else KINDS)
        packages = [(name, KINDS[name][0]) for name in wanted]
        return [name for name, needs in packages if needs is None or find_spec(needs)]
    wanted = [name.strip() for name in compare.split(",")]
    for name in wanted:
        if name not in KINDS:
            raise ValueError(
                f"compare must be few, all, or some of {', '.join(KINDS)}; got "
                f"{name!r}."
            )
    return list(dict.fromkeys(wanted))


def learn(
    name: str, seed: int, n_jobs: int | None, X: Array, y: Array, groups: Array
) -> Ranker:
    """Return the ranker of this name, having learned from these rows."""
    ranker: Ranker = KINDS[name][1](seed, n_jobs)
    if name.endswith("_thinned"):
        kept, _ = downsample_negatives(y, THIN, seed)
        return ranker.fit(X[kept], y[kept])
    return ranker.fit(X, y, groups)


def packed(rankers: Mapping[str, Ranker]) -> dict[str, Array]:
    """Return the arrays of all of them, by ranker and name."""
    return {
        f"ranker.{name}.{part}": array
        for name, ranker in rankers.items()
        for part, array in ranker.arrays().items()
    }


def unpacked(
    arrays: Mapping[str, Array], names: list[str], n_features: int
) -> dict[str, Ranker]:
    """Return the rankers of these names, which must be of as many features."""
    found: dict[str, Ranker] = {}
    for name in names:
        kind: Any = type(KINDS[name][1](0, None))
        ranker = kind.from_arrays(named(f"ranker.{name}.", arrays))
        if ranker.n_features_in_ != n_features:
            raise ValueError(f"its ranker {name} is not one of {n_features} features.")
        found[name] = ranker
    return found
