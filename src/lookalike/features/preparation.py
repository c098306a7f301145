"""Preparation of images for an encoder, the same in training, indexing and serving.

An encoder takes images of one size and colour mode. Any input (a file, its contents, an
array) goes through one ``Preparation`` first, so that an image has one vector in every
form of input.
"""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np
from PIL import Image

from lookalike._typing import Array
from lookalike.features.image import MAX_PIXELS, read_image

CODE = 1
"""Version of the code; a change that alters pixels of the same file raises it."""


@dataclass(frozen=True)
class Preparation:
    """Size, colour mode and normalisation of an encoder's images.

    Parameters
    ----------
    height, width : int
        Pixels; an image of another size is resampled (Lanczos), its sides stretched.
    mode : {"L", "RGB"}, default="L"
        Grey, or red, green and blue.
    mean, scale : tuple of float, one a colour
        ``normalise`` subtracts the mean from values of 0 to 1 and divides by the scale.
    shorter : int, default=0
        Pixels of the shorter side after resampling (bicubic), of which ``height`` by
        ``width`` are then cut from the middle; 0 stretches the sides instead.

    Examples
    --------
    >>> import numpy as np
    >>> form = Preparation(2, 2, mean=(0.5,), scale=(0.5,))
    >>> tile = form.tile(np.array([[0, 255], [255, 0]], np.uint8))
    >>> form.normalise(tile[None])[0, 0]
    array([[-1.,  1.],
           [ 1., -1.]], dtype=float32)
    """

    height: int
    width: int
    mode: Literal["L", "RGB"] = "L"
    mean: tuple[float, ...] = (0.0,)
    scale: tuple[float, ...] = (1.0,)
    shorter: int = 0

    def __post_init__(self) -> None:
        if self.mode not in ("L", "RGB"):
            raise ValueError(f"mode must be 'L' or 'RGB', got {self.mode!r}.")
        if not 1 <= min(self.height, self.width) <= max(self.height, self.width) < 4096:
            raise ValueError(
                f"An image must have 1 to 4,095 pixels a side, got {self.height} by "
                f"{self.width}."
            )
        if self.shorter and not max(self.height, self.width) <= self.shorter < 4096:
            raise ValueError(
                f"The shorter side must have at least the {self.height} by "
                f"{self.width} pixels that are cut from it, got {self.shorter}."
            )
        for name in ("mean", "scale"):
            given = getattr(self, name)
            if len(given) not in (1, self.n_colours) or not np.isfinite(given).all():
                raise ValueError(
                    f"{name} must hold 1 or {self.n_colours} numbers, got {given}."
                )
        if min(self.scale) <= 0:
            raise ValueError(f"scale must be positive, got {self.scale}.")

    @property
    def n_colours(self) -> int:
        """1 or 3."""
        return len(self.mode)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a prepared image."""
        size = (self.height, self.width)
        return size if self.mode == "L" else (*size, 3)

    def read(
        self, source: str | os.PathLike[str] | bytes, max_pixels: int = MAX_PIXELS
    ) -> Array:
        """Read and prepare a file or its contents: uint8 of shape ``shape``.

        Raises
        ------
        ValueError
            If it is no still image of at most that many pixels.
        """
        # In colour first, always: every form of input then rounds alike.
        return self.tile(read_image(source, mode="RGB", max_pixels=max_pixels))

    def tile(self, image: Array) -> Array:
        """Prepare an image of bytes, (height, width) or (height, width, 3)."""
        given = np.asarray(image)
        if given.dtype != np.uint8 or given.ndim not in (2, 3) or given.size == 0:
            raise ValueError(
                f"An image must hold bytes, got {given.dtype} of shape {given.shape}."
            )
        if given.shape == self.shape:
            return given
        if given.ndim == 3 and given.shape[2] != 3:
            raise ValueError(f"An image has 1 or 3 colours, got {given.shape[2]}.")
        picture = Image.fromarray(given).convert(self.mode)
        if self.shorter:
            picture = self._middle(picture)
        elif picture.size != (self.width, self.height):
            how = Image.Resampling.LANCZOS
            picture = picture.resize((self.width, self.height), how)
        return np.asarray(picture)

    def normalise(self, tiles: Array) -> Array:
        """Prepared images as numbers, float32 (n, n_colours, height, width)."""
        if tiles.shape[1:] != self.shape or tiles.dtype != np.uint8:
            raise ValueError(
                f"Prepared images are bytes of shape {self.shape}, got {tiles.dtype} "
                f"of shape {tiles.shape[1:]}."
            )
        values = tiles.reshape(len(tiles), self.height, self.width, self.n_colours)
        mean, scale = (np.array(v, np.float32) for v in (self.mean, self.scale))
        numbers = (values.astype(np.float32) / np.float32(255) - mean) / scale
        return np.ascontiguousarray(numbers.transpose(0, 3, 1, 2))

    def about(self) -> dict[str, Any]:
        """The preparation as a JSON document."""
        facts = {"code": CODE, **asdict(self)}
        if not self.shorter:
            del facts["shorter"]
        return facts

    @classmethod
    def of(cls, about: Mapping[str, Any]) -> Self:
        """The preparation whose ``about`` this is."""
        facts = {k: v for k, v in about.items() if k != "code"}
        facts["mean"], facts["scale"] = tuple(facts["mean"]), tuple(facts["scale"])
        return cls(**facts)

    def _middle(self, picture: Image.Image) -> Image.Image:
        """Resample to the shorter side, then cut the middle out."""
        ratio = self.shorter / min(picture.size)
        width, height = (
            max(round(side * ratio), self.shorter) for side in picture.size
        )
        larger = picture.resize((width, height), Image.Resampling.BICUBIC)
        left, top = (width - self.width) // 2, (height - self.height) // 2
        return larger.crop((left, top, left + self.width, top + self.height))
