"""Texts held as bytes are sorted and found like Python's."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike._texts import Texts
from lookalike.kernels import texts as kernels

WORDS = st.lists(st.text("aé\0\U0001f600", max_size=4), min_size=1)


@settings(deadline=None)
@given(words=WORDS, wanted=WORDS)
def test_texts_are_sorted_and_found_like_pythons(words, wanted):
    held, asked = Texts.of(words), Texts.of(wanted)
    order, other = np.empty((2, len(words)), np.int64)
    kernels.sort(held.data, held.ends, order, other)
    by_bytes = sorted(range(len(words)), key=lambda row: words[row].encode())
    assert order.tolist() == by_bytes
    found = np.empty(len(wanted), np.int64)
    kernels.find(held.data, held.ends, order, asked.data, asked.ends, found)
    assert found.tolist() == [
        words.index(word) if word in words else -1 for word in wanted
    ]


@settings(deadline=None)
@given(words=WORDS, data=st.data())
def test_texts_are_taken_like_those_of_an_array(words, data):
    held = Texts.of(words)
    rows = data.draw(st.lists(st.integers(0, len(words) - 1)))
    assert held[rows].tolist() == [words[row] for row in rows]
    assert held[1:].tolist() == words[1:]
    mask = np.array([len(word) > 1 for word in words])
    assert held[mask].tolist() == [word for word in words if len(word) > 1]
    assert [held.text(row) for row in range(len(words))] == held.tolist() == words
    assert held.array().tolist() == words
    assert Texts.joined([held, held[:0], held]).tolist() == words * 2
    again = Texts.of_arrays("ids", held.arrays("ids"))
    assert again.tolist() == words
