import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils import murmurhash3_32

from lookalike.features._hashing import columns_of, hash_names, signs_of


@settings(max_examples=40, deadline=None)
@given(names=st.lists(st.binary(max_size=9)), seed=st.integers(0, 2**32 - 1))
def test_hashes_are_those_of_scikit_learn(names, seed):
    expected = [murmurhash3_32(name, seed=seed) for name in names]
    assert hash_names(names, seed).tolist() == expected


def test_strings_hash_as_utf8():
    assert hash_names(["café"])[0] == murmurhash3_32("café".encode(), seed=0)


def test_the_most_negative_hash_has_a_column_and_a_sign():
    hashes = np.array([-(2**31), 2**31 - 1, 0, -5], dtype=np.int32)
    assert columns_of(hashes, 7).tolist() == [2**31 % 7, (2**31 - 1) % 7, 0, 5]
    assert signs_of(hashes).tolist() == [-1, 1, 1, -1]
