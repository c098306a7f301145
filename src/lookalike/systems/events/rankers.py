"""The rankers of events, and which of them can be learned in this installation."""

from collections.abc import Callable, Mapping
from functools import partial
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

RankerKinds = dict[str, tuple[str | None, Callable[..., Any]]]

_TREES: dict[str, Any] = {
    "n_estimators": 200,
    "num_leaves": 15,
    "min_child_samples": 100,
}
KEPT_NEGATIVES = 5.0  # for each relevant row, where negatives are downsampled

_network = partial(NetworkRanker, max_iter=4)
KINDS: RankerKinds = {
    "logistic": (None, lambda random_state, n_jobs: LogisticRanker()),
    "boosted": (None, partial(BoostedRanker, **_TREES)),
    "network": ("torch", _network),
    "lambdamart": (None, partial(LambdaMART, **_TREES)),
    "cross": ("torch", partial(_network, n_cross=2)),
    "network_focal": ("torch", partial(_network, loss="focal")),
    "network_balanced": ("torch", partial(_network, loss="balanced")),
    "network_downsampled": ("torch", partial(NetworkRanker, max_iter=20)),
}
"""By name: the package that learning needs, and an unfitted ranker."""
FEW = ("logistic", "boosted", "network")


def ranker_names(compare: str) -> list[str]:
    """Return names of the rankers to learn; of "few" and "all" those installed.

    compare : "few", "all", or names with commas between them
    """
    if compare in ("few", "all"):
        names = list(FEW if compare == "few" else KINDS)
        packages = [(name, KINDS[name][0]) for name in names]
        return [name for name, needs in packages if needs is None or find_spec(needs)]
    names = [name.strip() for name in compare.split(",")]
    for name in names:
        if name not in KINDS:
            raise ValueError(
                f"compare must be few, all, or some of {', '.join(KINDS)}; got "
                f"{name!r}."
            )
    return list(dict.fromkeys(names))


def fit_ranker(
    name: str, seed: int, n_jobs: int | None, X: Array, y: Array, groups: Array
) -> Ranker:
    """Return the ranker of this name, fitted to these rows."""
    ranker: Ranker = KINDS[name][1](random_state=seed, n_jobs=n_jobs)
    if name.endswith("_downsampled"):
        kept, _ = downsample_negatives(y, KEPT_NEGATIVES, seed)
        return ranker.fit(X[kept], y[kept])
    return ranker.fit(X, y, groups)


def arrays_of_rankers(rankers: Mapping[str, Ranker]) -> dict[str, Array]:
    """Return the arrays of all rankers, by ranker and name."""
    return {
        f"ranker.{name}.{part}": array
        for name, ranker in rankers.items()
        for part, array in ranker.arrays().items()
    }


def rankers_of(
    arrays: Mapping[str, Array], names: list[str], n_features: int
) -> dict[str, Ranker]:
    """Return the rankers that these arrays were taken from.

    Raises
    ------
    ValueError
        If one is not of so many features.
    """
    return {
        name: ranker_of(named(f"ranker.{name}.", arrays), name, n_features)
        for name in names
    }


def ranker_of(arrays: Mapping[str, Array], name: str, n_features: int) -> Ranker:
    """Return the ranker of this name that these arrays were taken from.

    Raises
    ------
    ValueError
        If it is not of so many features.
    """
    kind: Any = type(KINDS[name][1](random_state=0, n_jobs=None))
    ranker: Any = kind.from_arrays(arrays)
    if ranker.n_features_in_ != n_features:
        raise ValueError(f"its ranker {name} is not one of {n_features} features.")
    found: Ranker = ranker
    return found
