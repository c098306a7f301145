"""Races of ``lookalike bench algorithms`` for texts, tables and graphs.

The contestants of a race do the same job on the same data; ``error`` is the largest
difference of our answer from the peer's, or what else shows that the quality is equal.
"""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np

from lookalike_bench.arrays import Array
from lookalike_bench.races.common import SCIKIT, Timed, compare, ours
from lookalike_bench.runner import OURS, Job


def jobs(rounds: int = 3) -> Iterator[Job]:
    """All races of this file."""
    both = OURS, SCIKIT
    for terms, options in (
        ("words", {}),
        ("words and bigrams", {"ngram_range": [1, 2]}),
        ("characters", {"analyzer": "char_wb", "ngram_range": [3, 5]}),
    ):
        for step in ("fit_transform", "transform"):
            name = f"tf-idf of {terms}, {step}"
            yield compare(name, tfidf, both, rounds, step=step, **options)
    yield compare("tf-idf of words, one by one", tfidf_one_by_one, both, rounds)
    yield compare("hashed words", hashed_words, both, rounds)
    yield compare("counts of words", counted_words, both, rounds)
    yield compare("word2vec skip-gram", word2vec, (OURS, "plain NumPy"), rounds)
    yield compare("class counts, cross-fitted", class_counts, both, rounds)
    yield compare("hashed crosses", crosses, both, rounds)
    yield compare("buckets at given boundaries", buckets, both, rounds)
    both_tables = OURS, "pandas"
    yield compare("counts of categories", counts, both_tables, rounds)
    yield compare("mean target so far", targets, both_tables, rounds)
    name = "friends of friends, Adamic-Adar"
    yield compare(name, friends, (OURS, "networkx"), rounds)
    yield compare("meeting point among walls", meeting, (OURS, "scipy"), rounds)


# --- texts ----------------------------------------------------------------------------


@cache
def tweets() -> list[str]:
    """24,783 tweets."""
    import csv
    import gzip

    from lookalike.datasets import find

    with gzip.open(find("hate_speech_davidson"), "rt", encoding="utf-8") as lines:
        return [row["tweet"] for row in csv.DictReader(lines)]


def _vectorizers(**options: Any) -> tuple[Any, Any]:
    from sklearn.feature_extraction import text as peer

    from lookalike.features import text

    if "ngram_range" in options:
        options["ngram_range"] = tuple(options["ngram_range"])
    return text.TfidfVectorizer(**options), peer.TfidfVectorizer(**options)


def _largest_difference(a: Any, b: Any) -> float:
    return float(abs(a - b).max())


def tfidf(method: str, step: str, **options: Any) -> Timed:
    """Weigh the terms of all tweets."""
    texts = tweets()
    mine, theirs = (model.fit(texts) for model in _vectorizers(**options))
    model = mine if ours(method) else theirs

    def describe(answer: Any) -> dict[str, Any]:
        return {"error": _largest_difference(answer, theirs.transform(texts))}

    return lambda: getattr(model, step)(texts), describe


def tfidf_one_by_one(method: str) -> Callable[[], Any]:
    """Weigh the words of a thousand tweets, each on its own, as a service does."""
    texts = tweets()
    model = _vectorizers()[0 if ours(method) else 1].fit(texts)
    return lambda: [model.transform([text]) for text in texts[:1_000]]


def hashed_words(method: str) -> Timed:
    """Count the words of all tweets in hashed columns."""
    from sklearn.feature_extraction.text import HashingVectorizer as Peer

    from lookalike.features.text import HashingVectorizer

    texts = tweets()
    model = HashingVectorizer() if ours(method) else Peer()

    def describe(answer: Any) -> dict[str, Any]:
        return {"error": _largest_difference(answer, Peer().transform(texts))}

    return lambda: model.transform(texts), describe


def counted_words(method: str) -> Timed:
    """Count the words of all tweets."""
    from sklearn.feature_extraction.text import CountVectorizer as Peer

    from lookalike.features.text import CountVectorizer

    texts = tweets()
    model = CountVectorizer() if ours(method) else Peer()

    def describe(answer: Any) -> dict[str, Any]:
        return {"error": _largest_difference(answer, Peer().fit_transform(texts))}

    return lambda: model.fit_transform(texts), describe


def word2vec(method: str) -> Timed:
    """Read 300 tweets once; the same windows, noise words and steps."""
    from lookalike.kernels import word_vectors
    from lookalike.kernels.alias import build_alias

    known: dict[str, int] = {}
    sentences = [text.lower().split() for text in tweets()[:300]]
    words = np.array([known.setdefault(w, len(known)) for s in sentences for w in s])
    owners = np.repeat(np.arange(300), [len(s) for s in sentences])
    noise = build_alias(np.bincount(words) ** 0.75)
    rng = np.random.default_rng(0)
    start = rng.uniform(-0.005, 0.005, size=(len(known), 100)).astype(np.float32)
    train: Any = word_vectors.train_word_vectors if ours(method) else _train_in_numpy

    def call() -> float:
        vectors = start.copy(), np.zeros_like(start)
        loss, n = train(words, owners, *vectors, *noise, 5, 5, False, 0.025, 0.01, 1)
        return float(loss / n)

    return call, lambda loss: {"loss": loss}


def _train_in_numpy(
    words: Array,
    owners: Array,
    inputs: Array,
    outputs: Array,
    threshold: Array,
    alias: Array,
    window: int,
    n_negatives: int,
    from_context: bool,
    first_rate: float,
    last_rate: float,
    state: int,
) -> tuple[float, int]:
    """Skip-gram as one writes it with NumPy: a product and two sums a prediction."""
    loss, n_predictions = 0.0, 0
    n, size = len(words), len(inputs)
    for i in range(n):
        rate = np.float32(first_rate + (last_rate - first_rate) * i / n)
        state = (state * 25214903917 + 11) & 0xFFFFFFFFFFFF
        reach = 1 + (state >> 16) % window
        for j in range(max(0, i - reach), min(n, i + reach + 1)):
            if j == i or owners[j] != owners[i]:
                continue
            targets = [words[j]]
            for _ in range(n_negatives):
                state = (state * 25214903917 + 11) & 0xFFFFFFFFFFFF
                place = (state >> 8) / 2**40 * size
                column = int(place)
                stays = place - column < threshold[column]
                drawn = column if stays else alias[column]
                if drawn != words[j]:
                    targets.append(drawn)
            labels = np.zeros(len(targets), np.float32)
            labels[0] = 1
            scores = outputs[targets] @ inputs[words[i]]
            signs = 2 * labels - 1
            loss += float(np.logaddexp(0, -signs * scores).sum())
            steps = rate * (labels - 1 / (1 + np.exp(-scores)))
            change = steps @ outputs[targets]
            np.add.at(outputs, targets, steps[:, None] * inputs[words[i]])
            inputs[words[i]] += change
            n_predictions += 1
    return loss, n_predictions


# --- tables ---------------------------------------------------------------------------


def _categories(n_rows: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    return rng.zipf(1.3, size=(n_rows, 5)) % 20_000, rng.integers(2, size=n_rows)


def class_counts(method: str) -> Timed:
    """Counts of two classes, and the mean target that scikit-learn has instead."""
    from sklearn.model_selection import KFold
    from sklearn.preprocessing import TargetEncoder

    from lookalike.features.table import ClassCountEncoder

    X, y = _categories(200_000)
    folds = KFold(5, shuffle=True, random_state=0)
    model = (
        ClassCountEncoder(folds)
        if ours(method)
        else TargetEncoder(cv=folds, smooth=1e-9)
    )
    means = TargetEncoder(cv=folds, smooth=1e-9).fit_transform(X, y)

    def describe(answer: Array) -> dict[str, Any]:
        if ours(method):
            seen = answer[:, ::2] + answer[:, 1::2]
            answer = np.where(seen > 0, answer[:, 1::2] / np.maximum(seen, 1e-9), means)
        return {"error": float(abs(answer - means).max())}

    return lambda: model.fit_transform(X, y), describe


def crosses(method: str) -> Timed:
    """All pairs of five categories as hashed columns."""
    from sklearn.feature_extraction import FeatureHasher

    from lookalike.features.table import HashedCrosses

    X, _ = _categories(20_000)
    mine = HashedCrosses(n_features=2**20).fit(X)
    peer = FeatureHasher(2**20, input_type="string", alternate_sign=False)

    def hashed() -> Any:
        pairs = [
            [f"{i}={a}&{j}={b}" for (i, a), (j, b) in combinations(enumerate(row), 2)]
            for row in X.tolist()
        ]
        return peer.transform(pairs)

    def describe(answer: Any) -> dict[str, Any]:
        return {"columns": int(np.count_nonzero(np.bincount(answer.indices)))}

    return (lambda: mine.transform(X)) if ours(method) else hashed, describe


def buckets(method: str) -> Timed:
    """A million numbers into ten buckets; scikit-learn's are given the same edges."""
    from sklearn.preprocessing import KBinsDiscretizer

    from lookalike.features.table import Bucketiser

    X = np.random.default_rng(0).normal(size=(200_000, 5))
    edges = np.linspace(-2, 2, 9)
    if ours(method):
        model: Any = Bucketiser(edges).fit(X)
    else:
        model = KBinsDiscretizer(10, encode="ordinal", strategy="uniform").fit(X)
        for j in range(5):
            model.bin_edges_[j] = np.concatenate([[-np.inf], edges, [np.inf]])

    def describe(answer: Array) -> dict[str, Any]:
        return {"error": float(abs(answer - np.digitize(X, edges)).max())}

    return lambda: model.transform(X), describe


def counts(method: str) -> Timed:
    """How often each of a million categories occurs."""
    import pandas  # type: ignore[import-untyped]

    from lookalike.features.table import CountEncoder

    X, _ = _categories(200_000)
    frame = pandas.DataFrame(X)
    model = CountEncoder().fit(X)
    tables = [frame[j].value_counts() for j in frame]

    def call() -> Array:
        if ours(method):
            return model.transform(X)
        return np.column_stack([frame[j].map(t) for j, t in enumerate(tables)])

    def describe(answer: Array) -> dict[str, Any]:
        return {"error": float(abs(answer - model.transform(X)).max())}

    return call, describe


def targets(method: str) -> Timed:
    """Mean target of a category in the rows before, and of all of them once."""
    import pandas

    from lookalike.features.table import OrderedTargetEncoder

    X, y = _categories(200_000)
    model = OrderedTargetEncoder()

    def call() -> Array:
        if ours(method):
            return model.fit_transform(X, y)
        columns = []
        usual = (np.cumsum(y) - y) / np.maximum(np.arange(len(y)), 1)
        for column in X.T:
            groups = pandas.Series(y).groupby(column)
            before = groups.cumsum().to_numpy() - y
            columns.append((before + usual) / (groups.cumcount().to_numpy() + 1))
        return np.column_stack(columns)

    def describe(answer: Array) -> dict[str, Any]:
        return {"error": float(abs(answer - model.fit_transform(X, y)).max())}

    return call, describe


# --- graphs ---------------------------------------------------------------------------


def friends(method: str) -> Timed:
    """Scores of all strangers who share a friend with one of 100 people."""
    import gzip

    import networkx  # type: ignore[import-untyped]
    import scipy.sparse as sp

    from lookalike.datasets import find
    from lookalike.features.graph import triangle_scores

    with gzip.open(find("facebook_ego")) as lines:
        edges = np.loadtxt(lines, dtype=np.int64)
    n = int(edges.max()) + 1
    A = sp.coo_array((np.ones(len(edges)), edges.T), shape=(n, n)).tocsr()
    A = A + A.T
    people = np.random.default_rng(0).choice(n, 100, replace=False)
    expected = triangle_scores(A, people)
    rows, columns = expected.nonzero()
    pairs = list(zip(people[rows].tolist(), columns.tolist(), strict=True))
    graph = networkx.from_edgelist(edges.tolist())

    def describe(scores: Any) -> dict[str, Any]:
        found = scores.data if ours(method) else [score for _, _, score in scores]
        return {"error": float(np.abs(np.array(found) - expected.data).max())}

    if ours(method):
        return lambda: triangle_scores(A, people), describe
    return lambda: list(networkx.adamic_adar_index(graph, pairs)), describe


def meeting(method: str) -> Timed:
    """Twenty homes on a grid of 300 by 300 with a third of walls."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import shortest_path

    from lookalike.features.graph import meeting_point_among_walls

    rng = np.random.default_rng(0)
    is_open = rng.random((300, 300)) > 0.3
    number = np.arange(is_open.size).reshape(is_open.shape)
    links = []
    for here, there in (
        (np.s_[:-1, :], np.s_[1:, :]),
        (np.s_[:, :-1], np.s_[:, 1:]),
    ):
        both = is_open[here] & is_open[there]
        links.append((number[here][both], number[there][both]))
    a, b = np.concatenate(links, axis=1)
    graph = coo_array(
        (np.ones(2 * len(a)), (np.r_[a, b], np.r_[b, a])), (number.size,) * 2
    )
    graph = graph.tocsr()
    largest = np.isfinite(
        shortest_path(graph, unweighted=True, indices=number[150, 150])
    )
    homes = rng.choice(np.flatnonzero(largest), 20, replace=False)
    cells = np.column_stack(np.unravel_index(homes, is_open.shape))

    def call() -> float:
        if ours(method):
            return meeting_point_among_walls(is_open, cells).total
        walks = shortest_path(graph, unweighted=True, indices=homes)
        return float(walks.sum(axis=0).min())

    return call, lambda total: {"total": total}
