"""Image files to arrays of bytes, and a ValueError for files that are refused.

``read_image`` resolves rotation tags, transparency, palettes, 16 bits and colour;
``prepare_digit`` then brings a drawn or photographed digit into the form of MNIST.
"""

import io
import os
import struct
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from lookalike._typing import Array

MAX_PIXELS = 64_000_000
"""A larger image is refused before it is decoded: 64 megapixels is 8,000 by 8,000."""

_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error)


def read_image(
    path: str | os.PathLike[str] | bytes,
    size: tuple[int, int] | None = None,
    mode: Literal["L", "RGB"] = "L",
    max_pixels: int = MAX_PIXELS,
) -> Array:
    """Read an image file as an array of bytes.

    The camera's rotation tag is applied, transparent pixels are blended with white,
    16-bit values are divided by 257 (65535 becomes 255), and colour becomes grey by
    the luma of ITU-R 601 where ``mode`` is ``"L"``.

    Parameters
    ----------
    path : path or bytes
        Any still image that Pillow reads: PNG, JPEG, WebP, TIFF, BMP, GIF and others;
        or the contents of such a file.
    size : (height, width), default=None
        Resize to this many pixels; None keeps the image's own size.
    mode : {"L", "RGB"}, default="L"
        Grey, or red, green and blue.
    max_pixels : int, default=64,000,000
        A larger image is refused before it is decoded.

    Returns
    -------
    ndarray of uint8, shape (height, width) or (height, width, 3)

    Raises
    ------
    ValueError
        If this is no still image of at most that many pixels.
    """
    source = io.BytesIO(path) if isinstance(path, bytes) else Path(path)
    name = "The image" if isinstance(path, bytes) else str(path)
    if mode not in ("L", "RGB"):
        raise ValueError(f"mode must be 'L' or 'RGB', got {mode!r}.")
    if size is not None and (len(size) != 2 or min(size) < 1):
        raise ValueError(f"size must be (height, width), both positive, got {size}.")
    if isinstance(source, Path):
        _check_file(source)
    try:
        with Image.open(source) as image:
            _check_image(image, name, max_pixels)
            picture = _flatten(ImageOps.exif_transpose(image), name).convert(mode)
    except UnidentifiedImageError:
        raise ValueError(f"{name} is not an image that can be read.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValueError(_too_large(name, max_pixels)) from None
    except _Refused:
        raise
    except PermissionError:
        raise ValueError(f"{name} may not be read: permission denied.") from None
    except _BROKEN as error:
        raise ValueError(f"{name} is a damaged or truncated image: {error}.") from None
    if size is not None:
        picture = picture.resize((size[1], size[0]), Image.Resampling.LANCZOS)
    return np.asarray(picture)


def prepare_digit(image: Array) -> Array:
    """Bring a picture of one digit into MNIST's form: 28 by 28, light ink on black.

    As MNIST was made: the ink is scaled so that its longer side measures 20 pixels
    and placed so that its centre of mass is the centre of the image [1]_. Paper that
    is lighter than the ink is turned dark first; the paper's grey and its grain,
    measured along the border, are subtracted. An image that has MNIST's form to
    within a pixel already is returned as it is.

    Parameters
    ----------
    image : ndarray of uint8, shape (height, width)

    Returns
    -------
    ndarray of uint8, shape (28, 28)

    Raises
    ------
    ValueError
        If the image is no grey image, or if there is no ink on it.

    References
    ----------
    .. [1] LeCun, Cortes, Burges. "The MNIST database of handwritten digits".

    Examples
    --------
    A dark stroke of 30 by 6 pixels on white paper becomes 20 by 4 in the middle:

    >>> paper = np.full((60, 40), 255, np.uint8)
    >>> paper[5:35, 20:26] = 0
    >>> rows, columns = np.nonzero(prepare_digit(paper) > 127)
    >>> [int(end) for side in (rows, columns) for end in (side.min(), side.max())]
    [4, 23, 12, 15]
    """
    if image.ndim != 2 or image.dtype != np.uint8:
        raise ValueError(
            f"A digit must be a grey image of bytes, got {image.dtype} of shape "
            f"{image.shape}."
        )
    ink = _ink(image)
    rows, columns = np.nonzero(ink > 0.1 * ink.max())
    cut = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    small = _resize(cut, 20 / max(cut.shape))
    top, left = _corner(small)
    moved = max(abs(top - rows.min()), abs(left - columns.min()))
    if small is cut and moved <= 1 and image.shape == (28, 28) and not image[0, 0]:
        return image
    canvas = np.zeros((28, 28))
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return np.clip(np.round(canvas), 0, 255).astype(np.uint8)


class _Refused(ValueError):
    """An image that can be read but is refused."""


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise ValueError(f"{path} is a folder; expected an image file.")
    if not path.exists():
        raise ValueError(f"{path} does not exist; expected an image file.")
    if not path.is_file():
        raise ValueError(f"{path} is not a regular file; expected an image file.")
    if path.stat().st_size == 0:
        raise ValueError(f"{path} is empty (0 bytes); expected an image file.")


def _check_image(image: Image.Image, path: str, max_pixels: int) -> None:
    if image.width * image.height > max_pixels:
        raise _Refused(_too_large(path, max_pixels))
    # Two views in one MPO file are how some cameras write a still picture.
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":
        raise _Refused(f"{path} has {frames} frames; expected a still image.")


def _too_large(path: str, max_pixels: int) -> str:
    return f"{path} is too large; expected at most {max_pixels:,} pixels."


def _flatten(image: Image.Image, path: str) -> Image.Image:
    """Return the image in 8 bits a channel, without transparency."""
    if image.mode == "F":
        raise _Refused(f"{path} holds decimal numbers; expected 8 or 16 bits a pixel.")
    if image.mode.startswith("I"):
        values = np.asarray(image)
        if values.size and not 0 <= values.min() <= values.max() <= 65535:
            raise _Refused(f"{path} holds 32-bit values; expected 8 or 16 bits.")
        return Image.fromarray(np.round(values / 257).astype(np.uint8))
    if not image.has_transparency_data:
        return image
    drawn = image.convert("RGBA")
    paper = Image.new("RGBA", drawn.size, "white")
    return Image.alpha_composite(paper, drawn)


def _ink(image: Array) -> Array:
    """Return the ink on black, float64 with the darkest stroke at 255."""
    if image.size == 0:
        raise ValueError("There is no digit on an image without pixels.")
    values = image.astype(np.float64)
    border = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
    paper = np.median(border)
    if paper > 127:
        values, border, paper = 255 - values, 255 - border, 255 - paper
    grain = np.quantile(np.abs(border - paper), 0.9)
    ink = np.clip(values - paper - grain, 0, None)
    if ink.max() < 16:
        raise ValueError("There is no digit on the image: its pixels are all alike.")
    return ink * (255 / ink.max())


def _resize(ink: Array, scale: float) -> Array:
    # Within two pixels of the requested size resampling would only blur the strokes.
    if 0.91 < scale < 1.12:
        return ink
    height, width = (max(1, round(side * scale)) for side in ink.shape)
    picture = Image.fromarray(ink.astype(np.float32))
    # Box averages every pixel that a smaller one covers, as MNIST's makers did.
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    return np.asarray(picture.resize((width, height), how))


def _corner(ink: Array) -> tuple[int, int]:
    """Return the row and column that put the centre of mass in the middle of 28."""
    rows, columns = ink.shape
    down = ink.sum(axis=1) @ np.arange(rows) / ink.sum()
    right = ink.sum(axis=0) @ np.arange(columns) / ink.sum()
    # MNIST's own centres of mass lie about pixel 14; nothing may fall off the edge.
    top = min(max(round(14 - down), 0), 28 - rows)
    left = min(max(round(14 - right), 0), 28 - columns)
    return top, left
