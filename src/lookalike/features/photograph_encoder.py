"""The built-in encoder of photographs: nothing is learned, fetched or installed."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from lookalike._typing import Array
from lookalike.features.photograph import (
    CODE,
    N_DIMENSIONS,
    PREPARATION,
    WEIGHTS,
    describe_photographs,
)
from lookalike.features.preparation import Preparation


class PhotographEncoder:
    """Colour, texture, edges and layout of a photograph, side by side.

    See ``lookalike.features.photograph``.
    """

    def __init__(self) -> None:
        self.preparation = PREPARATION
        self.facts: dict[str, Any] = {
            "model": f"{N_DIMENSIONS:,} numbers of colour, texture, edges and layout; "
            "nothing was learned from these images."
        }

    def fit(self, images: Array, labels: Array, **options: Any) -> Self:
        """Learn nothing."""
        return self

    def transform(self, images: Array) -> Array:
        """Map images to vectors of length one."""
        return describe_photographs(list(images))

    def arrays(self) -> dict[str, Array]:
        """Return what tells this encoder from one of another release."""
        return {"code": np.array(CODE), "weights": np.array(list(WEIGHTS.values()))}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], preparation: Preparation) -> Self:
        """Return the encoder; its version shows whether it is the one that was kept."""
        return cls()
