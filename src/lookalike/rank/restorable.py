"""Saving of fitted recommenders as named arrays."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp

from lookalike._arrays import named
from lookalike._typing import Array

PARTS = ("data", "indices", "indptr", "shape")


class Restorable:
    """A recommender that is saved as arrays and restored from them.

    Examples
    --------
    >>> from lookalike.rank import ItemNeighbors
    >>> model = ItemNeighbors(1).fit([[1, 1, 0], [1, 1, 0], [0, 1, 1]])
    >>> again = ItemNeighbors.from_arrays(model.arrays(), **model.get_params())
    >>> sorted(model.arrays()), bool((again.score_items([[1, 0, 0]])
    ...     == model.score_items([[1, 0, 0]])).all())
    (['similarity_.data', 'similarity_.indices', 'similarity_.indptr', 'similarity_.shape'], True)
    """  # noqa: E501

    fitted: ClassVar[tuple[tuple[str, int], ...]]
    """Attributes that ``score_items`` needs, and the axis of each that counts items.

    They are arrays, csr matrices or None.
    """
    n_features_in_: int

    @property
    def n_items_(self) -> int:
        """Number of items that are scored."""
        held = [(getattr(self, name), axis) for name, axis in self.fitted]
        return int(next(v.shape[axis] for v, axis in held if v is not None))

    def arrays(self) -> dict[str, Array]:
        """Return everything that ``score_items`` needs, by name."""
        arrays: dict[str, Array] = {}
        for name, _ in self.fitted:
            value = getattr(self, name)
            if sp.issparse(value):
                parts = (value.data, value.indices, value.indptr, np.array(value.shape))
                keys = (f"{name}.{part}" for part in PARTS)
                arrays |= dict(zip(keys, parts, strict=True))
            elif value is not None:
                arrays[name] = value
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], **parameters: Any) -> Self:
        """Return the recommender of these parameters and arrays.

        Raises
        ------
        ValueError
            If indices of a matrix are out of range, there are no arrays, or they have
            different numbers of items.
        """
        model = cls(**parameters)
        sizes = set()
        for name, axis in cls.fitted:
            value: Any = arrays.get(name)
            parts = named(f"{name}.", arrays)
            if parts:
                data, indices, indptr, shape = (np.asarray(parts[p]) for p in PARTS)
                value = sp.csr_array((data, indices, indptr), shape=tuple(shape))
                value.check_format(full_check=True)
            if value is not None:
                sizes.add(int(value.shape[axis]))
            setattr(model, name, value)
        if len(sizes) != 1:
            raise ValueError(f"these are not the arrays of a {cls.__name__}.")
        model.n_features_in_ = model.n_items_
        return model
