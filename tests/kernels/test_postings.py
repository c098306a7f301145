"""Lists of documents are compressed without loss, and documents as their terms."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.kernels import postings as kernels
from lookalike.search.ids import NO_IDS
from lookalike.search.terms.bm25 import BM25
from lookalike.search.terms.segment import Segment, Stored

NUMBERS = st.lists(st.lists(st.integers(0, 2**31 - 1), max_size=5), min_size=1)


def joined(parts):
    terms = np.array([term for part in parts for term in part], np.int32)
    return terms, np.cumsum([len(part) for part in parts])


@settings(deadline=None)
@given(parts=NUMBERS, data=st.data())
def test_numbers_of_any_size_are_packed_and_taken(parts, data):
    terms, ends = joined(parts)
    packed = np.empty(kernels.packed_size(terms), np.uint8)
    byte_ends = np.empty(len(parts), np.int64)
    kernels.pack(terms, ends, packed, byte_ends)
    rows = data.draw(st.lists(st.integers(0, len(parts) - 1)))
    wanted = [parts[row] for row in rows]
    expected, expected_ends = joined(wanted)
    found, found_ends = np.empty(len(expected), np.int32), np.empty(len(rows), np.int64)
    n = kernels.unpack(packed, byte_ends, np.array(rows, np.int64), found, found_ends)
    assert n == len(expected)
    assert found.tolist() == expected.tolist()
    assert found_ends.tolist() == expected_ends.tolist()
    kernels.take_parts(terms, ends, np.array(rows, np.int64), found, found_ends)
    assert found.tolist() == expected.tolist()


def test_every_list_holds_its_documents_and_counts():
    rng = np.random.default_rng(0)
    parts = [rng.integers(0, 4, rng.integers(0, 6)).tolist() for _ in range(600)]
    parts[3] = [5] * 300 + [0]  # counts that take four bytes
    parts[500] = [5]
    numbers, ends = joined(parts)
    names = [f"t{i}" for i in range(6)]  # "t4" is nowhere
    segment = Segment.build(
        names, numbers, ends, 2, BM25(1.2, 0.75), NO_IDS, NO_IDS, Stored(None, {})
    )
    assert sorted(segment.dictionary.texts.tolist()) == ["t0", "t1", "t2", "t3", "t5"]
    for term in (0, 1, 2, 3, 5):
        number = segment.dictionary.number(names[term])
        for field in (0, 1):
            counts = [Counter(part)[term] for part in parts[field::2]]
            documents, tfs = segment.rows_of(field * 5 + number)
            assert documents.tolist() == np.flatnonzero(counts).tolist()
            assert tfs.tolist() == [count for count in counts if count]
    assert kernels.stay_inside(segment.postings, 300)
    assert not kernels.stay_inside(segment.postings, 299)
