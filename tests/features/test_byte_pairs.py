import random
import re
from collections import Counter
from heapq import heappush
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError

from lookalike.features.text import BytePairTokeniser, TfidfVectorizer
from lookalike.kernels import byte_pairs as kernels

TEXT = "low " * 5 + "lower " * 2 + "newest " * 6 + "widest " * 3


def recounted(words, n_merges, min_count=2):
    """The definition: count all pairs anew for each merge."""
    words = {tuple(bytes([b]) for b in word.encode()): n for word, n in words.items()}
    merges = []
    for _ in range(n_merges):
        pairs = Counter()
        for word, n in words.items():
            for pair in pairwise(word):
                pairs[pair] += n
        if not pairs or max(pairs.values()) < min_count:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        words = {replace(word, best): n for word, n in words.items()}
    return merges, {b"".join(word).decode(): list(word) for word in words}


def replace(word, pair):
    out, i = [], 0
    while i < len(word):
        step = 2 if word[i : i + 2] == pair else 1
        out.append(b"".join(word[i : i + step]))
        i += step
    return tuple(out)


def learned(model):
    return [(model.pieces_[a], model.pieces_[b]) for a, b in model.merges_]


def test_first_merges_of_the_example_of_sennrich():
    model = BytePairTokeniser(n_merges=4).fit([TEXT])
    assert learned(model)[:4] == [
        (b"e", b"s"),
        (b"es", b"t"),
        (b"l", b"o"),
        (b"lo", b"w"),
    ]


@pytest.mark.parametrize("min_count", [1, 3, 8])
def test_pairs_that_are_rarer_than_asked_are_not_merged(min_count):
    model = BytePairTokeniser(min_count=min_count).fit([TEXT])
    merges, _ = recounted(Counter(re.findall(r" ?\S+", TEXT)), 1000, min_count)
    assert learned(model) == merges


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text("aabé", min_size=1, max_size=7), st.integers(1, 5)))
def test_merges_and_pieces_equal_counting_anew(words):
    texts = [word for word, n in words.items() for _ in range(n)]
    model = BytePairTokeniser(n_merges=12).fit(texts)
    merges, cut = recounted(words, 12)
    assert learned(model) == merges
    for word, pieces in cut.items():
        assert [model.pieces_[k] for k in model.encode(word)] == pieces


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=20))
def test_decoding_gives_any_text_back(text):
    model = BytePairTokeniser(n_merges=20).fit([TEXT])
    assert model.decode(model.encode(text)) == text


def test_more_merges_give_fewer_pieces_and_frequent_words_one():
    lengths = [len(BytePairTokeniser(n).fit([TEXT]).encode(TEXT)) for n in (1, 5, 50)]
    assert lengths == sorted(lengths, reverse=True)
    assert len(set(lengths)) == 3
    assert BytePairTokeniser(50).fit([TEXT]).tokenise("a newest") == ["a", " newest"]


def test_stops_when_no_pair_is_frequent_enough():
    assert BytePairTokeniser(min_count=2).fit(["ab cd"]).merges_ == []
    assert learned(BytePairTokeniser(min_count=2).fit(["ab ab"])) == [(b"a", b"b")]


def test_forgets_words_when_it_has_seen_very_many(monkeypatch):
    monkeypatch.setattr("lookalike.features.text.byte_pairs._MOST_WORDS", 2)
    model = BytePairTokeniser(5).fit([TEXT])
    assert model.tokenise("low newest widest low") == BytePairTokeniser(5).fit(
        [TEXT]
    ).tokenise("low newest widest low")
    assert len(model._seen) <= 2


def test_transform_encodes_each_text():
    model = BytePairTokeniser(20)
    numbers = model.fit_transform([TEXT, "slow"])
    assert model.decode(numbers[1]) == "slow"


def test_half_a_character_reads_as_an_escape():
    assert BytePairTokeniser().fit(["x"]).tokenise("é") == [r"\xc3", r"\xa9"]


def test_refuses_numbers_without_a_piece():
    model = BytePairTokeniser().fit(["x"])
    for number in (-1, 256):
        with pytest.raises(ValueError, match=r"Numbers must be in \[0, 255\]"):
            model.decode([number])


def test_can_cut_for_a_vectoriser():
    cut = BytePairTokeniser(20).fit([TEXT]).tokenise
    model = TfidfVectorizer(tokenizer=cut, token_pattern=None).fit(["lowest newest"])
    assert "est" in model.vocabulary_


@pytest.mark.parametrize("name", ["n_merges", "min_count"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "3"])
def test_refuses_a_parameter_that_is_no_positive_integer(name, value):
    with pytest.raises(
        ValueError, match=f"{name} must be a whole number of at least 1"
    ):
        BytePairTokeniser(**{name: value}).fit([TEXT])


def test_refuses_a_single_string_and_an_unfitted_model():
    with pytest.raises(ValueError, match="got a single string"):
        BytePairTokeniser().fit(TEXT)
    with pytest.raises(NotFittedError):
        BytePairTokeniser().encode(TEXT)


def merged_one_by_one(model, word):
    """The definition: the earliest pair is merged everywhere, from the left."""
    numbers = {pair: 256 + i for i, pair in enumerate(model.merges_)}
    pieces = list(word.encode())
    while known := [p for p in pairwise(pieces) if p in numbers]:
        earliest = min(known, key=numbers.__getitem__)
        merged, at = [], 0
        while at < len(pieces):
            is_pair = tuple(pieces[at : at + 2]) == earliest
            merged.append(numbers[earliest] if is_pair else pieces[at])
            at += 2 if is_pair else 1
        pieces = merged
    return pieces


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text("ab", min_size=1, max_size=12), min_size=1, max_size=9),
    st.text("abc", min_size=1, max_size=80),
)
def test_a_word_is_merged_as_it_was_learned(texts, word):
    model = BytePairTokeniser(n_merges=30).fit(texts * 2)
    assert model.encode(word).tolist() == merged_one_by_one(model, word)


@pytest.mark.parametrize("letters", ["a", "ab", "abcdefgh"])
def test_the_work_of_a_long_word_grows_with_its_length(letters, monkeypatch):
    """Places in the heap are counted: a pair that stood in the word takes one."""
    text = "".join(random.Random(0).choices(letters, k=4_000))
    model = BytePairTokeniser(n_merges=200).fit([text[i : i + 9] for i in range(3_000)])
    pushed = []
    monkeypatch.setattr(
        kernels,
        "heappush",
        lambda heap, entry: (pushed.append(1), heappush(heap, entry)),
    )
    merge_word = getattr(kernels.merge_word, "py_func", kernels.merge_word)
    for n in (1_000, 2_000, 4_000):
        pushed.clear()
        pieces = np.array(bytearray(text[:n].encode()), np.int64)
        left = merge_word(pieces, model._pairs, model._numbers)
        assert pieces[:left].tolist() == model.encode(text[:n]).tolist()
        assert len(pushed) <= 3 * n


def test_long_words_are_not_kept():
    model = BytePairTokeniser(n_merges=4).fit([TEXT])
    model.encode("low " + "x" * 65 + " newest")
    assert set(model._seen) == {"low", " newest"}


def test_half_of_a_pair_of_surrogates_becomes_a_replacement_character():
    for text in ("cut \ud83d", "\udc00low", "\ud83d\ud83d"):
        model = BytePairTokeniser(n_merges=5).fit([text, "low low low"])
        whole = re.sub("[\ud800-\udfff]", "\ufffd", text)
        assert model.decode(model.encode(text)) == whole
        assert model.transform([text])[0].tolist() == model.encode(whole).tolist()
