"""Races of ``lookalike bench algorithms`` for texts as tokens, and for samples.

The peer for tokens is the ``tokenizers`` package, compiled Rust. ``same`` is the share
of texts for which both sides give the same answer.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from lookalike_bench.arrays import Array
from lookalike_bench.races.common import Timed, compare, ours
from lookalike_bench.races.features import tweets
from lookalike_bench.runner import OURS, Job

TOKENIZERS, NUMPY = "tokenizers", "numpy choice"
N_MERGES = 500


def jobs(rounds: int = 3) -> Iterator[Job]:
    """All races of this file."""
    for name, factory in (
        ("normalised tweets", normalised),
        ("words and signs of tweets", cut_in_words),
        ("numbers of the words of tweets", numbered),
        (f"byte pairs, {N_MERGES} merges, fit", merged),
        (f"byte pairs, {N_MERGES} merges, encode", encoded),
    ):
        yield compare(name, factory, (OURS, TOKENIZERS), rounds)
    name = "importance sample of 100,000 of a million rows"
    yield compare(name, important, (OURS, NUMPY), rounds)
    name = "20 negatives for each of 10,000, 100,000 items"
    yield compare(name, negatives, (OURS, NUMPY, "torch"), rounds)
    name = "1,000 of a million rows by weight, none twice"
    yield compare(name, weighted, (OURS, NUMPY), rounds)


def _share(answer: Any, expected: Any) -> dict[str, Any]:
    return {
        "same": float(np.mean([a == b for a, b in zip(answer, expected, strict=True)]))
    }


def normalised(method: str) -> Timed:
    """One Unicode form and one case."""
    from tokenizers import normalizers

    from lookalike.features.text import TextNormaliser

    texts = tweets()
    mine = TextNormaliser(strip_invisible=False, collapse_spaces=False)
    theirs = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])

    def call() -> list[str]:
        if ours(method):
            return mine.transform(texts)
        return [theirs.normalize_str(text) for text in texts]

    return call, lambda answer: _share(answer, mine.transform(texts))


def cut_in_words(method: str) -> Timed:
    """Words and signs; ours keeps addresses, tags and fractions whole."""
    from tokenizers.pre_tokenizers import Whitespace

    from lookalike.features.text import words

    texts, cut = tweets(), Whitespace()

    def call() -> list[list[str]]:
        if ours(method):
            return [words(text, punctuation=True) for text in texts]
        return [[word for word, _ in cut.pre_tokenize_str(text)] for text in texts]

    return call, lambda answer: {"tokens": sum(map(len, answer))}


def numbered(method: str) -> Timed:
    """Known words to numbers."""
    from tokenizers import Tokenizer, models

    from lookalike.features.text import Vocabulary, words

    sentences = [words(text) for text in tweets()]
    mine = Vocabulary().fit(sentences)
    theirs = Tokenizer(models.WordLevel(mine.numbers_, unk_token="<unk>"))
    expected = mine.transform(sentences)

    def call() -> list[Array]:
        if ours(method):
            return mine.transform(sentences)
        found = theirs.encode_batch(sentences, is_pretokenized=True)
        return [np.array(each.ids, np.int64) for each in found]

    def describe(answer: list[Array]) -> dict[str, Any]:
        pairs = zip(answer, expected, strict=True)
        return {"same": float(np.mean([np.array_equal(a, b) for a, b in pairs]))}

    return call, describe


def _learn(texts: list[str]) -> Any:
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    bytes_only = pre_tokenizers.ByteLevel.alphabet()
    model = Tokenizer(models.BPE())
    ours = Regex(r" ?\w+| ?[^\w\s]+|\s+(?!\S)|\s+")
    model.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(ours, "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=len(bytes_only) + N_MERGES,
        min_frequency=2,
        initial_alphabet=bytes_only,
        show_progress=False,
    )
    model.train_from_iterator(texts, trainer)
    return model


def merged(method: str) -> Timed:
    """Learn merges; ``pieces`` is how many a thousand tweets become."""
    from lookalike.features.text import BytePairTokeniser

    texts = tweets()
    if ours(method):
        model = BytePairTokeniser(N_MERGES)
        return lambda: model.fit(texts), lambda fitted: {
            "pieces": sum(len(fitted.encode(text)) for text in texts[:1000])
        }
    return lambda: _learn(texts), lambda fitted: {
        "pieces": sum(len(fitted.encode(text).ids) for text in texts[:1000])
    }


def encoded(method: str) -> Timed:
    """Cut all tweets into learned pieces."""
    from lookalike.features.text import BytePairTokeniser

    texts = tweets()
    if ours(method):
        model = BytePairTokeniser(N_MERGES).fit(texts)
        return lambda: model.transform(texts), lambda found: {
            "pieces": sum(map(len, found))
        }
    theirs = _learn(texts)
    return lambda: theirs.encode_batch(texts), lambda found: {
        "pieces": sum(len(each.ids) for each in found)
    }


# --- samples --------------------------------------------------------------------------


def important(method: str) -> Timed:
    """Estimate a sum by draws in proportion to what is near its terms."""
    from lookalike.features.sampling import importance_sample

    rng = np.random.default_rng(0)
    terms = rng.exponential(size=1_000_000)
    scores = terms * rng.uniform(0.5, 1.5, size=len(terms))

    def call() -> float:
        if ours(method):
            drawn = importance_sample(scores, 100_000, rng)
            return float(drawn.weights @ terms[drawn.rows])
        shares = scores / scores.sum()
        rows = rng.choice(len(terms), 100_000, p=shares)
        return float((terms[rows] / shares[rows]).mean())

    return call, lambda total: {"error": abs(total / float(terms.sum()) - 1)}


def negatives(method: str) -> Timed:
    """Wrong answers by popularity, never the right one."""
    from lookalike.features.sampling import NegativeSampler

    rng = np.random.default_rng(0)
    counts = 1 + 1e6 / np.arange(1, 100_001)
    positives = rng.choice(len(counts), 10_000, p=counts / counts.sum())
    sampler = NegativeSampler(counts, 20, random_state=0)
    shares = sampler.probabilities
    draw = _multinomial(shares) if method == "torch" else None

    def call() -> Array:
        if ours(method):
            return sampler.sample(positives)
        take: Any = draw or (lambda n: rng.choice(len(shares), n, p=shares))
        drawn: Array = take(200_000).reshape(10_000, 20)
        while (hit := drawn == positives[:, None]).any():
            drawn[hit] = take(int(hit.sum()))
        return drawn

    def describe(drawn: Array) -> dict[str, Any]:
        share = np.bincount(drawn.ravel(), minlength=len(shares)) / drawn.size
        # What the rule gives: q_i / (1 - q_p) for a positive p, averaged over them.
        each = np.bincount(positives, 1 / (1 - shares[positives]), len(shares))
        expected = shares * (each.sum() - each) / len(positives)
        return {"error": float(abs(share - expected).max())}

    return call, describe


def _multinomial(shares: Array) -> Any:
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    table = torch.from_numpy(shares)
    return lambda n: torch.multinomial(table, n, replacement=True).numpy()


def weighted(method: str) -> Timed:
    """Rows by weight; ``weight`` is the mean weight of what is drawn."""
    from lookalike.features.sampling import WeightedReservoir

    rng = np.random.default_rng(0)
    weights = rng.exponential(size=1_000_000)
    shares, rows = weights / weights.sum(), range(len(weights))

    def call() -> Any:
        if ours(method):
            kept: WeightedReservoir[int] = WeightedReservoir(1_000, random_state=rng)
            return kept.update(rows, weights).items
        return rng.choice(len(weights), 1_000, replace=False, p=shares)

    return call, lambda kept: {"weight": float(weights[np.asarray(kept)].mean())}
