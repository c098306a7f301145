"""Small things done to arrays: names in one dictionary, rows mapped one by one."""

from collections.abc import Mapping

import numpy as np

from lookalike._typing import Array


def named(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Arrays whose name begins with this, by the rest of it.

    Examples
    --------
    >>> named("plain_", {"plain_mean": [0.5], "matrix": [[1.0]]})
    {'mean': [0.5]}
    """
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


def prefixed(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return the same arrays under longer names; ``named`` takes them back.

    Examples
    --------
    >>> prefixed("plain_", {"mean": [0.5]})
    {'plain_mean': [0.5]}
    """
    return {f"{prefix}{name}": array for name, array in arrays.items()}


def product_by_row(rows: Array, matrix: Array) -> Array:
    """Multiply rows by a matrix, each to the same digits whatever the batch.

    A product of matrices is rounded in another order for another number of rows.
    """
    product = np.empty((len(rows), matrix.shape[1]), np.result_type(rows, matrix))
    for i, row in enumerate(rows):
        product[i] = row @ matrix
    return product


def unit(vectors: Array) -> Array:
    """Scale each row to length one, in its own precision; a row of zeros stays.

    Examples
    --------
    >>> unit(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(length > 0, length, 1)
