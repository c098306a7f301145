"""``lookalike bench recommenders``: games and films, beside implicit and cornac.

Three kinds of jobs. *Speed*: training of ALS, and lists of twenty for every user, with
the same matrix, factors, penalty, confidence and rounds; implicit under each BLAS and
with its own threads. *Quality*: nDCG at 10 and recall at 20 of the funnel with its
defaults and of every peer on the same held-out part, in one process. *Cold start*: nDCG
for users and of items that were not in the training data. Beside these the general
recommender, see ``lookalike_bench.shop``.

A peer's settings are chosen in the run, on a validation part of what is known, over the
grids below; the held-out part is used once. The penalty of cornac's EASE, which takes
most of a minute to train on films, is chosen with our EASE, of which the formula is the
same.
"""

import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import product
from typing import Any

import numpy as np
import scipy.sparse as sp

from lookalike.evaluate.recommending import padded
from lookalike_bench import runner, shop
from lookalike_bench.arrays import Array, Ints
from lookalike_bench.bars import Bar, Row, difference, least, most
from lookalike_bench.cold_start import cold_starts
from lookalike_bench.runner import BLAS, Contestant, Job

HERE = "lookalike_bench.recommenders"
DATA = ("games", "films")
K = 20
# On the validation part: factors, confidence, penalty; neighbours, k1, b.
ALS_GRID = tuple(product((32, 64, 128), (5.0, 20.0, 60.0), (50.0, 150.0, 500.0)))
BM25_GRID = tuple(product((100, 400), (0.1, 1.2, 100.0), (0.0, 0.5)))
COSINE_GRID = ((50,), (400,))
EASE_GRID = ((50.0,), (150.0,), (500.0,))
# Of the race: what the grid chose for implicit on games, and twice the size.
SPEED = {
    "games": ((64, 20.0, 150.0), (128, 20.0, 150.0)),
    "films": ((64, 20.0, 150.0), (128, 20.0, 150.0)),
}
BLAS_OF_IMPLICIT = tuple({"IMPLICIT_DISABLE_ALL_GPU": "1", **each} for each in BLAS)


def run(
    only: str | None = None,
    rounds: int = 3,
    progress: runner.ProgressCallback | None = None,
) -> dict[str, Any]:
    """Run every job whose name contains ``only``, such as "cold start"."""
    races = [(job.name, partial(runner.race, job)) for job in jobs(rounds)]
    further = [
        (f"{name} {what}", partial(rows_of, name))
        for name in DATA
        for what, rows_of in (("quality", qualities), ("cold start", cold_start_rows))
    ]
    further += [(f"shop {log}", partial(shop.shop_rows, log)) for log in shop.LOGS]
    chosen = runner.selected([*races, *further], only)
    return runner.measured(chosen, progress, [*bars(), *shop.bars()])


def bars() -> Iterator[Bar]:
    """ALS beside implicit's; the funnel beside peers and popularity; cold start."""
    for data in DATA:
        for verb in ("training", "answers"):
            job = f"{data} ALS {verb} *"
            yield Bar(f"{data} ALS, {verb}: times implicit", 1, least("ratio", job))
        job = f"{data} ALS *"
        ndcg = difference(least("ndcg", job), most("ndcg", job, "implicit"))
        yield Bar(f"{data} ALS: nDCG less implicit's", -0.002, ndcg)
        job = f"{data} quality"
        yield Bar(
            f"{data}: the funnel's gain in nDCG over the best of the others",
            0,
            least("funnel's gain", job, "*"),
        )
        yield Bar(
            f"{data}: the funnel's nDCG over that of popularity",
            1.5,
            least("of popularity", job, "lookalike funnel"),
        )
        job = f"{data} cold start"
        yield Bar(
            f"{data}: nDCG at cold start less that of a full fit, the least",
            -0.01,
            least("gap", job, "*, new *"),
        )
        yield Bar(
            f"{data}: nDCG by content less chance",
            0,
            least("gap", job, "content among *"),
        )


def jobs(rounds: int = 3) -> Iterator[Job]:
    """Training and answering, on one and two threads."""
    for data in DATA:
        for factors, confidence, penalty in SPEED[data]:
            for verb in ("training", "answers"):
                for threads in (1, 2):
                    same = {
                        "data": data,
                        "verb": verb,
                        "settings": [factors, confidence, penalty],
                        "threads": threads,
                    }
                    yield Job(
                        f"{data} ALS {verb} f={factors} threads={threads}",
                        [
                            Contestant(
                                *("lookalike", f"{HERE}:lookalike_als", same),
                                *(BLAS[:1], threads),
                            ),
                            Contestant(
                                *("implicit", f"{HERE}:implicit_als", same),
                                *(BLAS_OF_IMPLICIT, threads),
                            ),
                        ],
                        rounds,
                    )


# --- speed ----------------------------------------------------------------------------


Timed = tuple[Callable[[], Any], Callable[[Any], dict[str, Any]]]


def lookalike_als(data: str, verb: str, settings: list[float], threads: int) -> Timed:
    """Time our ALS."""
    from lookalike.rank.implicit_als import ImplicitALS

    factors, confidence, penalty = settings
    known, relevance, users = parts(data, "test")

    def fit() -> Any:
        model = ImplicitALS(
            *(int(factors), penalty, confidence), random_state=0, n_jobs=threads
        )
        return model.fit(known)

    return _timed(
        fit,
        lambda model: padded(model.recommend(known, K).ids, K),
        verb,
        relevance,
        users,
    )


def implicit_als(data: str, verb: str, settings: list[float], threads: int) -> Timed:
    """Time implicit's ALS."""
    known, relevance, users = parts(data, "test")
    matrix = _confident(known, settings[1])
    everyone = np.arange(known.shape[0])

    def fit() -> Any:
        return _als_of_implicit(matrix, settings, threads)

    return _timed(
        fit,
        lambda model: model.recommend(everyone, matrix, N=K)[0],
        verb,
        relevance,
        users,
    )


def _timed(
    fit: Callable[[], Any],
    lists: Callable[[Any], Ints],
    verb: str,
    relevance: Any,
    users: Ints,
) -> Timed:
    """Time training or answers; describe by the nDCG of the lists."""
    if verb == "training":
        return fit, lambda model: _short(lists(model)[users], relevance)
    model = fit()
    return lambda: lists(model), lambda ids: {
        **_short(ids[users], relevance),
        "users": len(ids),
    }


def _short(ids: Ints, relevance: Any) -> dict[str, Any]:
    from lookalike.evaluate.recommending import list_metrics

    found = list_metrics(ids, relevance, 10)
    return {"ndcg": round(float(found["ndcg_at_10"].mean()), 4)}


def _als_of_implicit(matrix: Any, settings: Any, threads: int) -> Any:
    from implicit.cpu.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(
        factors=int(settings[0]),
        regularization=settings[2],
        num_threads=threads,
        random_state=0,
    )
    model.fit(matrix, show_progress=False)
    return model


def _confident(known: Any, confidence: float) -> Any:
    """Return implicit's input: the confidence itself, for ours 1 more than a value."""
    matrix = sp.csr_matrix(known)
    matrix.data = (1 + confidence * matrix.data).astype(np.float32)
    return matrix


# --- quality --------------------------------------------------------------------------


@cache
def _data(name: str) -> Any:
    from lookalike.systems import find_spec

    return find_spec(name).find_data()


def _content(name: str) -> Any:
    """Return the words that describe the items, csr."""
    from lookalike.systems import find_spec

    return find_spec(name).new({}).vectors(_data(name))


@cache
def parts(name: str, part: str) -> tuple[Any, Any, Ints]:
    """Return what is known and what is relevant, users by items, and the users' rows.

    The known part of "test" is split again for "validation".
    """
    from lookalike.datasets.interactions import hold_out_again
    from lookalike.systems import find_spec

    data = _data(name) if part == "test" else hold_out_again(_data(name), 7)
    relevance = find_spec(name).new({}).relevance(data)
    users = np.flatnonzero(np.diff(relevance.indptr))
    at = np.flatnonzero(~data.held_out)
    # Every method gets the ratings of films, which help them all; hours of games do
    # not help.
    values = data.value[at] / 5 if name == "films" else np.ones(len(at))
    known = sp.csr_array(
        (values.astype(np.float32), (data.user[at], data.item[at])), relevance.shape
    )
    known.sort_indices()
    return known, relevance[users], users


def qualities(name: str) -> list[Row]:
    """Measure every method on the held-out part; the funnel is the first row."""
    from lookalike.evaluate.recommending import compare, list_metrics

    known, relevance, users = parts(name, "test")
    found, about = {}, {}
    for method, lists in _methods(name).items():
        started = time.perf_counter()
        ids, setting = lists(known, users)
        about[method] = (setting, time.perf_counter() - started)
        found[method] = list_metrics(ids, relevance, 10)
    rows = []
    against = compare({m: each["ndcg_at_10"] for m, each in found.items()})
    recall = compare({m: each["recall_at_20"] for m, each in found.items()})
    alike = compare({m: each["ndcg_any_at_10"] for m, each in found.items()})
    popular = found["popularity"]["ndcg_at_10"].mean()
    for ndcg, plain, wide in zip(against, alike, recall, strict=True):
        setting, seconds = about[ndcg.name]
        test = ndcg.against
        rows.append(
            {
                "method": ndcg.name,
                "threads": 1,
                "seconds": seconds,
                "ndcg@10": str(ndcg.mean),
                "ndcg@10 any": str(plain.mean),
                "recall@20": str(wide.mean),
                "of popularity": round(ndcg.mean.value / popular, 3),
                "funnel's gain": "" if test is None else str(_turned(test)),
                "p": "" if test is None else f"{test.p_value:.2g}",
                "setting": setting,
            }
        )
    return rows


def cold_start_rows(name: str) -> list[Row]:
    """Compare cold start with a full fit, see ``lookalike_bench.cold_start``."""
    return cold_starts(*parts(name, "test"), _content(name))


def _turned(test: Any) -> Any:
    """Return the funnel's gain over a method: the difference with its sign changed."""
    from lookalike.evaluate import Estimate

    gain = test.difference
    return Estimate(-gain.value, -gain.high, -gain.low)


Lists = Callable[[Any, Ints], tuple[Ints, str]]


def _methods(name: str) -> dict[str, Lists]:
    """Return every method that is installed, the funnel first."""
    chosen = {
        "lookalike funnel": lambda known, users: _funnel(name),
        "popularity": lambda known, users: (_popular(known, users), ""),
        "lookalike EASE": _chosen(name, _ease, EASE_GRID),
        "lookalike ALS": _chosen(name, _our_als, ALS_GRID),
    }
    try:
        import torch  # noqa: F401
    except ModuleNotFoundError:
        pass
    else:
        chosen["lookalike two towers"] = lambda known, users: _towers(name)
    try:
        import implicit  # noqa: F401
    except ModuleNotFoundError:
        pass
    else:
        chosen |= {
            "implicit ALS": _chosen(name, _implicit_als_lists, ALS_GRID),
            "implicit BM25": _chosen(name, _implicit_bm25, BM25_GRID),
            "implicit cosine": _chosen(name, _implicit_cosine, COSINE_GRID),
        }
    try:
        import cornac  # noqa: F401
    except ModuleNotFoundError:
        return chosen
    for positive in (False, True):
        label = "cornac EASE" + (", positive" if positive else "")
        chosen[label] = _cornac_ease(name, positive)
    return chosen


def _chosen(name: str, lists: Callable[[Any, Ints, Any], Ints], grid: Any) -> Lists:
    """Take the setting that is best on the validation part."""

    def answer(known: Any, users: Ints) -> tuple[Ints, str]:
        best = _best(name, lists, grid)
        return lists(known, users, best), " ".join(f"{each:g}" for each in best)

    return answer


def _best(name: str, lists: Callable[[Any, Ints, Any], Ints], grid: Any) -> Any:
    from lookalike.evaluate.recommending import list_metrics

    known, relevance, users = parts(name, "validation")

    def worth(setting: Any) -> float:
        ids = lists(known, users, setting)
        return float(list_metrics(ids, relevance, 10)["ndcg_at_10"].mean())

    return max(grid, key=worth)


def _funnel(name: str) -> tuple[Ints, str]:
    """Return the lists of the system with its defaults, which takes users by name."""
    from lookalike.systems import find_spec

    data = _data(name)
    system = find_spec(name).new({}).fit(data)
    _, _, users = parts(name, "test")
    found = system.recommend(data.users[users], K)
    place = {item: at for at, item in enumerate(data.items.tolist())}
    ids = [[place[item] for item in row] for row in found.ids]
    return padded(ids, K), system.manifest_.facts["ranker"]


def _popular(known: Any, users: Ints) -> Ints:
    from lookalike.rank.popularity import Popularity

    return padded(Popularity().fit(known).recommend(known[users], K).ids, K)


def _ease(known: Any, users: Ints, setting: Any) -> Ints:
    from lookalike.rank.ease import EASE

    return padded(EASE(*setting).fit(known).recommend(known[users], K).ids, K)


def _our_als(known: Any, users: Ints, setting: Any) -> Ints:
    from lookalike.rank.implicit_als import ImplicitALS

    factors, confidence, penalty = setting
    model = ImplicitALS(factors, penalty, confidence, random_state=0).fit(known)
    return padded(model.recommend(known[users], K).ids, K)


def _towers(name: str) -> tuple[Ints, str]:
    """Return the lists of two towers with the words that describe the items."""
    from lookalike.rank.two_tower import TwoTower

    known, _, users = parts(name, "test")
    model = TwoTower(max_iter=8).fit(known, item_features=_content(name))
    return padded(model.recommend(known[users], K).ids, K), "8 passes"


def _implicit_als_lists(known: Any, users: Ints, setting: Any) -> Ints:
    matrix = _confident(known, setting[1])
    model = _als_of_implicit(matrix, setting, 1)
    ids: Ints = model.recommend(users, matrix[users], N=K)[0].astype(np.int64)
    return ids


def _implicit_bm25(known: Any, users: Ints, setting: Any) -> Ints:
    from implicit.nearest_neighbours import BM25Recommender

    n, k1, b = setting
    return _neighbours(BM25Recommender(n, k1, b, num_threads=1), known, users)


def _implicit_cosine(known: Any, users: Ints, setting: Any) -> Ints:
    from implicit.nearest_neighbours import CosineRecommender

    return _neighbours(CosineRecommender(*setting, num_threads=1), known, users)


def _neighbours(model: Any, known: Any, users: Ints) -> Ints:
    matrix = sp.csr_matrix(known)
    model.fit(matrix, show_progress=False)
    ids: Array = model.recommend(users, matrix[users], N=K)[0]
    return ids.astype(np.int64)


def _cornac_ease(name: str, positive: bool) -> Lists:
    def answer(known: Any, users: Ints) -> tuple[Ints, str]:
        from lookalike.rank.recommender import pick

        penalty, weights = _weights_of_cornac(name)
        if positive:  # what its option posB does, without solving again
            weights = np.maximum(weights, 0)
        scores = np.ascontiguousarray(known[users] @ weights, np.float32)
        return pick(scores, known[users], K)[0], f"{penalty:g}"

    return answer


@cache
def _weights_of_cornac(name: str) -> tuple[float, Array]:
    from cornac.data import Dataset
    from cornac.models import EASE

    (penalty,) = _best(name, _ease, EASE_GRID)
    known, _, _ = parts(name, "test")
    rows, columns = known.nonzero()
    n_users, n_items = known.shape
    everything = Dataset(
        *(n_users, n_items),
        *({u: u for u in range(n_users)}, {i: i for i in range(n_items)}),
        (rows, columns, known.data),
    )
    model = EASE(lamb=penalty, posB=False, verbose=False).fit(everything)
    return penalty, np.asarray(model.B, np.float32)
