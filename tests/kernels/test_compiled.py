"""The decorator of kernels: fewer versions of one, and the same answers."""

import gc

import numpy as np

from lookalike.kernels.compiled import njit

WEIGHTS = np.arange(5.0)


@njit(nogil=True)
def scalar_product(first, second):
    total = 0.0
    for at in range(len(first)):
        total += first[at] * second[at]
    return total


@njit(nogil=True)
def weighted(first):
    return scalar_product(first, WEIGHTS)


def test_a_read_only_array_is_read_by_the_kernel_of_others():
    values, kept = np.arange(5.0), np.arange(5.0)
    kept.flags.writeable = False
    pairs = [(a, b) for a in (values, kept) for b in (values, kept)]
    for _ in range(2):
        assert [scalar_product(*pair) for pair in pairs] == [30.0] * 4
    assert len(scalar_product.signatures) == 1
    assert scalar_product(np.float32(values), kept) == 30.0
    assert scalar_product(values[::-1], kept) == 10.0
    assert len(scalar_product.signatures) == 3


def test_a_constant_array_of_a_module_can_be_handed_on():
    assert weighted(np.arange(5.0)) == 30.0


def test_garbage_is_collected_again_after_a_kernel_is_compiled():
    assert gc.isenabled()
    assert scalar_product(np.arange(3, dtype=np.int16), np.ones(3, np.int8)) == 3.0
    assert gc.isenabled()
