"""Races of ``lookalike bench algorithms`` for texts as tokens.

The peer is the ``tokenizers`` package, compiled Rust. ``same`` is the share
of texts for which both sides give the same answer.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from lookalike_bench.arrays import Array
from lookalike_bench.races.common import Timed, compare, ours
from lookalike_bench.races.features import tweets
from lookalike_bench.runner import OURS, Job

TOKENIZERS = "tokenizers"
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
