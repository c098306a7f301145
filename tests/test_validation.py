"""What is refused before it reaches a kernel, and what is not."""

import re

import numpy as np
import pandas
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator

from lookalike._validation import (
    check_range,
    check_whole_numbers,
    far_rows,
    validate_data,
)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("power", [1, 2])
def test_just_what_could_overflow_is_refused(kind, power):
    most = float(np.finfo(kind).max)
    n = 10
    limit = (most / n) ** (1 / power) / 2
    for sign in (1, -1):
        X = np.zeros((2, 5), kind)
        X[1, 3] = sign * limit * 0.999
        check_range(X, power=power)
        opposite = np.where(X == 0, -X[1, 3], X).astype(kind)
        differences = np.abs(opposite - X[1, 3]) ** power
        assert np.isfinite(differences.sum(dtype=kind))
        X[1, 3] = sign * limit * 1.01
        words = ("sums", "squares")[power - 1]
        message = f"X holds values whose {words} overflow {np.dtype(kind)}, such as"
        with pytest.raises(ValueError, match=message):
            check_range(X, power=power)
        with pytest.raises(ValueError, match=message):
            check_range(sparse.csr_matrix(np.full((2, 5), X[1, 3])), power=power)


def test_what_is_too_small_to_be_squared_is_refused_where_it_is_learned_from():
    X = np.full((3, 2), 1e-25, np.float32)
    check_range(X)
    check_range(0 * X, underflow=True)
    check_range(X.astype(np.float64), underflow=True)
    with pytest.raises(ValueError, match="underflow float32, such as 1e-25: scale"):
        check_range(X, underflow=True)


def test_bytes_texts_and_nothing_pass():
    for X in (np.zeros((0, 3)), np.full((2, 2), 255, np.uint8), np.array(["a"])):
        check_range(X, underflow=True)


def test_rows_that_are_too_far_are_named():
    X = np.ones((4, 2), np.float32)
    assert far_rows(X).tolist() == []
    X[[1, 3], 0] = -3.4e38, 1e30
    assert far_rows(X).tolist() == [1, 3]
    assert far_rows(X, power=1).tolist() == [1]
    assert far_rows(sparse.csr_matrix(X)).tolist() == [1, 3]


def test_targets_that_are_numbers_are_held_to_the_precision_of_the_rows():
    X, y = np.ones((3, 1), np.float32), np.array([1e30, 0.0, 0.0])
    with pytest.raises(ValueError, match="y holds values whose squares overflow"):
        validate_data(BaseEstimator(), X, y, y_numeric=True, dtype=None)
    how = {"y_numeric": True, "dtype": None}
    validate_data(BaseEstimator(), X.astype(np.float64), y, **how)
    validate_data(BaseEstimator(), X, y, **how, target_dtype=np.float64)


def test_rows_that_are_only_compared_may_have_any_size():
    X, y = np.full((2, 1), 1e300), np.full(2, 1e300)
    how = {"y_numeric": True, "power": None}
    validate_data(BaseEstimator(), X, y, **how)
    with pytest.raises(ValueError, match="y holds values whose squares overflow"):
        validate_data(BaseEstimator(), X, y, **how, target_dtype=np.float64)


@pytest.mark.parametrize("sign", [1, -1])
def test_whole_numbers_are_refused_where_float64_would_round_them(sign):
    X = np.array([[2**53 + 1]]) * sign
    message = re.escape("X holds whole numbers from 2**53 on, which float64 would")
    for given in (X, X.tolist(), X.astype(object)):
        with pytest.raises(ValueError, match=message):
            check_whole_numbers(given, X.astype(np.float64))
    check_whole_numbers(X - sign * 2, (X - sign * 2).astype(np.float64))
    check_whole_numbers(X * 4.0, X * 4.0)


@pytest.mark.parametrize("form", [np.array, list, pandas.DataFrame])
def test_each_value_of_a_table_is_whole_or_not_by_itself(form):
    """Far ones are decimal here, and whole ones near; where one is NaN, too."""
    cells = np.array([[1e300, 7], [np.nan, 8]], object)
    rows = cells.astype(np.float64)
    check_whole_numbers(form(cells), rows)
    cells[1, 1] = -(2**53) - 1
    with pytest.raises(ValueError, match="X holds whole numbers from 2"):
        check_whole_numbers(form(cells), cells.astype(np.float64))


def test_whole_numbers_in_columns_of_different_types_are_refused():
    table = pandas.DataFrame({"a": [1e300, 2.0], "b": [1, 2]})
    check_whole_numbers(table, table.to_numpy(np.float64))
    table["b"] = [1, 2**53 + 1]
    with pytest.raises(ValueError, match="X holds whole numbers from 2"):
        check_whole_numbers(table, table.to_numpy(np.float64))


def test_whole_numbers_of_sparse_rows_are_refused():
    X = sparse.csr_array([[0, 2**53 + 1]])
    check_whole_numbers(X.astype(np.float64), X.astype(np.float64))
    table = pandas.DataFrame.sparse.from_spmatrix(sparse.csc_matrix(X))
    for given in (X, table):
        with pytest.raises(ValueError, match="X holds whole numbers from 2"):
            check_whole_numbers(given, X.astype(np.float64))
