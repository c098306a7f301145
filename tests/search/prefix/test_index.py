"""Completions equal a scan of all texts, at every length and few edits away."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.search.prefix import PrefixIndex

TEXTS = st.lists(st.text("ab é", min_size=1, max_size=5), max_size=40, unique=True)
BEGINNINGS = st.text("ab éz", max_size=4)


def by_weight(found):
    return sorted(found, key=lambda each: (-each[1], each[0]))


def later_words(text):
    """What begins at each word of a text that a blank is before."""
    blanks = [at for at, letter in enumerate(text) if letter == " "]
    return [text[at + 1 :] for at in blanks if text[at + 1 : at + 2].strip(" ")]


def edits_between(one, two):
    """Optimal string alignment, written out."""
    rows = [list(range(len(two) + 1))]
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(two, 1):
            cost = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == two[j - 2] and one[i - 2] == b:
                cost = min(cost, rows[-2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]


def edits_to_a_beginning(typed, text):
    return min(edits_between(typed, text[:n]) for n in range(len(text) + 1))


@settings(deadline=None)
@given(texts=TEXTS, typed=BEGINNINGS, k=st.integers(1, 30), data=st.data())
def test_completions_are_those_of_a_scan(texts, typed, k, data):
    weights = data.draw(
        st.lists(st.integers(0, 3), min_size=len(texts), max_size=len(texts))
    )
    gone = data.draw(st.sets(st.sampled_from(texts))) if texts else set()
    index = PrefixIndex(texts, weights).without(gone)
    known = [pair for pair in zip(texts, weights, strict=True) if pair[0] not in gone]
    begin = [pair for pair in known if pair[0].startswith(typed)]
    assert index.complete(typed, k) == by_weight(begin)[:k]
    within = [p for p in known if any(w.startswith(typed) for w in later_words(p[0]))]
    assert index.within(typed, k) == by_weight(within)[:k]
    for edits in range(3):
        near = [(edits_to_a_beginning(typed, text), -w, text) for text, w in known]
        expected = sorted(each for each in near if each[0] <= edits)[:k]
        assert index.near(typed, k, edits) == [(text, -w) for _, w, text in expected]
    assert {text: index.weight(text) for text in texts} == {
        text: None if text in gone else w
        for text, w in zip(texts, weights, strict=True)
    }


@pytest.fixture(scope="module")
def many():
    """Enough texts that the best of large ranges are stored, with many ties."""
    rng = np.random.default_rng(0)
    syllables = ["ba", "be", "ki", "ko", "mu", "ra", "sé", "to"]
    texts = {
        " ".join("".join(rng.choice(syllables, 2)) for _ in range(rng.integers(1, 4)))
        for _ in range(4_000)
    }
    return {text: int(rng.integers(0, 50)) for text in sorted(texts)}


@pytest.mark.parametrize("k", [1, 10, 25])
def test_stored_and_sought_completions_are_those_of_a_scan(many, k):
    index = PrefixIndex(many, list(many.values()))
    gone = set(sorted(many)[::3])
    left = index.without(gone)
    kept = {text: weight for text, weight in many.items() if text not in gone}
    for typed in ("", "b", "ba", "baki", "bakik", "toto ", "toto r", "toto ra", "x"):
        for one, known in ((index, many), (left, kept)):
            begin = [pair for pair in known.items() if pair[0].startswith(typed)]
            assert one.complete(typed, k) == by_weight(begin)[:k]
            inside = [p for p in known.items() if f" {typed}" in p[0]]
            assert one.within(typed, k) == by_weight(inside)[:k]


def test_without_words_texts_are_found_by_their_beginnings_only():
    weights = {"cheap hotel": 3.0, "hotel": 2.0, "hotel rome": 1.0}
    index = PrefixIndex(weights, list(weights.values()), words=False)
    assert index.complete("hot") == [("hotel", 2.0), ("hotel rome", 1.0)]
    assert index.within("hot") == index.within("rome") == []


def test_an_index_is_taken_from_its_arrays(many):
    index = PrefixIndex(many, list(many.values()))
    again = PrefixIndex.of_arrays({n: a.copy() for n, a in index.arrays().items()})
    assert again.texts() == sorted(many)
    for typed in ("", "bak", "koko r"):
        assert again.complete(typed) == index.complete(typed)
        assert again.within(typed) == index.within(typed)
        assert again.near(typed) == index.near(typed)


@pytest.mark.parametrize(
    "name", ["starts", "ranks", "by_rank", "following", "tree", "nodes_best", "letters"]
)
def test_arrays_that_would_be_read_outside_are_refused(many, name):
    arrays = dict(PrefixIndex(many, list(many.values())).arrays())
    arrays[name] = arrays[name].copy()
    arrays[name].flat[arrays[name].size // 2] = np.iinfo(arrays[name].dtype).max - 1
    with pytest.raises(ValueError, match="make no index of prefixes"):
        PrefixIndex.of_arrays(arrays)


def test_a_large_alphabet_takes_wider_letters():
    texts = [chr(point) + "x" for point in range(0x4E00, 0x4E00 + 300)]
    index = PrefixIndex(texts, np.arange(300.0))
    best = list(zip(texts, range(300), strict=True))[:-11:-1]
    assert index.complete("") == best
    assert index.complete(texts[7][0]) == [(texts[7], 7.0)]
    assert index.near("\u4e07y", 3, 1) == [(texts[7], 7.0)]
    assert index.near("\u4e07y", 3, 2) == [(texts[7], 7.0), *best[:2]]


def test_memory_and_edges():
    assert PrefixIndex([], []).complete("") == PrefixIndex([], []).near("a") == []
    assert PrefixIndex([], []).within("a") == PrefixIndex([], []).texts() == []
    texts = [f"{n:05d}" for n in range(5_000)]
    index = PrefixIndex(texts, np.ones(5_000))
    assert index.n_letters == 25_000
    assert index.nbytes < 31 * 5_000
    assert index.without(["nothing"]) is index
    with pytest.raises(ValueError, match="Texts must differ; got 'a' twice"):
        PrefixIndex(["b", "a", "a"], [1, 2, 3])
    with pytest.raises(ValueError, match="need as many weights"):
        PrefixIndex(["b"], [1, 2])
    with pytest.raises(ValueError, match="must be finite"):
        PrefixIndex(["b"], [np.nan])
    for text in ("", "a\0b"):
        with pytest.raises(ValueError, match="must have letters"):
            PrefixIndex(["b", text], [1, 2])
    with pytest.raises(ValueError, match="k must be a whole number"):
        index.complete("0", 0)
