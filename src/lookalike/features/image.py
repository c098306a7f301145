"""Image files to arrays of bytes, and a ValueError for files that are refused.

``read_image`` resolves rotation tags, transparency, palettes, 16 bits and colour;
``prepare_digit`` then brings a drawn or photographed digit into the form of MNIST.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Literal

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from lookalike._shown import shown
from lookalike._typing import Array

MAX_PIXELS = 64_000_000
"""A larger image is refused before it is decoded: 64 megapixels is 8,000 by 8,000."""

FORMATS = {
    "PNG": "PngImagePlugin",
    "JPEG": "JpegImagePlugin",
    "WEBP": "WebPImagePlugin",
    "GIF": "GifImagePlugin",
    "TIFF": "TiffImagePlugin",
    "BMP": "BmpImagePlugin",
    "AVIF": "AvifImagePlugin",
    "JPEG2000": "Jpeg2KImagePlugin",
    "PPM": "PpmImagePlugin",
    "TGA": "TgaImagePlugin",
}
"""The formats that are read, and Pillow's modules that read them.

Pillow reads others too: some of them start a program (EPS) or unpack all of the image
before its size can be looked at (ICO), so that nothing else is opened.
"""
_BITS_A_SAMPLE, _PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0  # of TIFF
_HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def read_image(
    path: str | os.PathLike[str] | bytes,
    size: tuple[int, int] | None = None,
    mode: Literal["L", "RGB"] = "L",
    max_pixels: int = MAX_PIXELS,
) -> Array:
    """Read an image file as an array of bytes.

    The camera's rotation tag is applied, transparent pixels are blended with white,
    and colour becomes grey by the luma of ITU-R 601 where ``mode`` is ``"L"``. 16-bit
    values are divided by 257 (65535 becomes 255); the 32-bit integers of a TIFF are
    taken for 8 bits where none is above 255, else for 16.

    Parameters
    ----------
    path : path or bytes
        A file in one of ``FORMATS``, or the contents of such a file; HEIC too where
        ``pillow-heif`` is installed (``heif`` extra). Of a moving image or of one with
        many pages the first is read.
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
        If this is no image of those formats with at most that many pixels.
    """
    if mode not in ("L", "RGB"):
        raise ValueError(f"mode must be 'L' or 'RGB', got {mode!r}.")
    if size is not None and (len(size) != 2 or min(size) < 1):
        raise ValueError(f"size must be (height, width), both positive, got {size}.")
    with _opened(path, max_pixels) as (image, name):
        n_pixels = image.width * image.height
        if n_pixels > max_pixels:
            raise _Refused(_too_large(name, max_pixels))
        levels = _levels(image)
        picture = _flatten(ImageOps.exif_transpose(image), name, levels).convert(mode)
        if size is not None:
            picture = picture.resize((size[1], size[0]), Image.Resampling.LANCZOS)
        return np.asarray(picture)


def count_pixels(path: str | os.PathLike[str] | bytes) -> int:
    """Return how many pixels an image file says it has; none of them is decoded.

    Raises
    ------
    ValueError
        As ``read_image`` does.
    """
    with _opened(path, MAX_PIXELS) as (image, _):
        return image.width * image.height


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


def on_square(picture: Array, side: int) -> Array:
    """Return a picture in colour, padded with white; uint8 (side, side, 3)."""
    image = Image.fromarray(picture).convert("RGB")
    return np.asarray(ImageOps.pad(image, (side, side), color="white"))


class _Refused(ValueError):
    """An image that can be read but is refused."""


@contextmanager
def _opened(
    path: str | os.PathLike[str] | bytes, max_pixels: int
) -> Iterator[tuple[Image.Image, str]]:
    """An image whose pixels are not decoded yet, and its name in sentences.

    Whatever the decoder raises, here or within the body, becomes a ValueError.
    """
    name = "The image" if isinstance(path, bytes) else shown(path)
    if not isinstance(path, bytes):
        _check_file(Path(path), name)
    try:
        with _stream(path) as stream:
            _check_kind(stream, name)
            with Image.open(stream, formats=_formats()) as image:
                yield image, name
    except _Refused as error:
        raise ValueError(str(error)) from None
    except UnidentifiedImageError:
        raise ValueError(f"{name} is not an image that can be read.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        most = min(max_pixels, Image.MAX_IMAGE_PIXELS or max_pixels)  # Pillow's own
        raise ValueError(_too_large(name, most)) from None
    except PermissionError:
        raise ValueError(f"{name} may not be read: permission denied.") from None
    except MemoryError:
        raise ValueError(f"{name} needs more memory than there is.") from None
    # Decoders raise what they like: what they say is about this image alone.
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise ValueError(f"{name} cannot be read: {error.strerror}.") from None
        said = shown(str(error) or type(error).__name__).rstrip(".")
        raise ValueError(f"{name} is a damaged or truncated image: {said}.") from None


def _stream(path: str | os.PathLike[str] | bytes) -> IO[bytes]:
    return io.BytesIO(path) if isinstance(path, bytes) else open(path, "rb")


def _check_file(path: Path, name: str) -> None:
    try:
        if path.is_dir():
            raise ValueError(f"{name} is a folder; expected an image file.")
        if not path.exists():
            raise ValueError(f"{name} does not exist; expected an image file.")
        if not path.is_file():
            raise ValueError(f"{name} is not a regular file; expected an image file.")
        if path.stat().st_size == 0:
            raise ValueError(f"{name} is empty (0 bytes); expected an image file.")
    except OSError as error:
        raise ValueError(f"{name} cannot be read: {error.strerror}.") from None


def _check_kind(stream: IO[bytes], name: str) -> None:
    """Name the extra for an image of a kind that only the extra reads."""
    box = stream.read(64)
    stream.seek(0)
    if box[4:8] != b"ftyp" or "HEIF" in _formats():
        return
    brands = box[8 : int.from_bytes(box[:4], "big")]
    if b"avif" not in brands and b"avis" not in brands and brands[:4] in _HEIF:
        raise _Refused(
            f"{name} is a HEIC image, which pillow-heif reads: pip install "
            "'lookalike[heif]'"
        )


@cache
def _formats() -> tuple[str, ...]:
    """Those of ``FORMATS`` that the installed Pillow reads, and HEIF with its extra."""
    for module in FORMATS.values():
        try:
            import_module(f"PIL.{module}")
        except ImportError:  # AVIF came with Pillow 11.3
            continue
    found = [name for name in FORMATS if name in Image.OPEN]
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return tuple(found)
    register_heif_opener()
    return (*found, "HEIF")


def _too_large(path: str, max_pixels: int) -> str:
    return f"{path} is too large; expected at most {max_pixels:,} pixels."


def _levels(image: Image.Image) -> tuple[int, int]:
    """Levels of black and white where there are more than 8 bits.

    Of such a TIFF, Pillow neither scales 12 bits nor turns a negative; 32 bits may hold
    values of 8.
    """
    tags = getattr(image, "tag_v2", {})
    bits = tags.get(_BITS_A_SAMPLE)
    white = 4095 if bits == (12,) else 65535
    if bits == (32,) and image.mode == "I" and np.asarray(image).max() <= 255:
        white = 255
    return (white, 0) if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO else (0, white)


def _flatten(image: Image.Image, path: str, levels: tuple[int, int]) -> Image.Image:
    """Return the image in 8 bits a channel, without transparency.

    levels : of black and white, where there are more bits
    """
    if image.mode == "F":
        raise _Refused(f"{path} holds decimal numbers; expected 8 or 16 bits a pixel.")
    if image.mode.startswith("I"):
        return _eight_bits(image, path, levels)
    if not image.has_transparency_data:
        return image
    drawn = image.convert("RGBA")
    paper = Image.new("RGBA", drawn.size, "white")
    return Image.alpha_composite(paper, drawn)


def _eight_bits(image: Image.Image, path: str, levels: tuple[int, int]) -> Image.Image:
    """Return grey levels of more than 8 bits as 8 bits."""
    values = np.asarray(image)
    if values.size and not 0 <= values.min() <= values.max() <= 65535:
        raise _Refused(f"{path} holds 32-bit values; expected 8 or 16 bits.")
    black, white = levels
    grey = (values.astype(np.float64) - black) / ((white - black) / 255)
    return Image.fromarray(np.round(grey).clip(0, 255).astype(np.uint8))


def _ink(image: Array) -> Array:
    """Return the ink on black, float64 with the darkest stroke at 255."""
    if image.size == 0:
        raise ValueError("There is no digit on an image without pixels.")
    values = image.astype(np.float64)
    border = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
    paper = _quantile(border, 0.5)
    if paper > 127:
        values, border, paper = 255 - values, 255 - border, 255 - paper
    grain = _quantile(np.abs(border - paper), 0.9)
    ink = np.maximum(values - paper - grain, 0)
    darkest = ink.max()
    if darkest < 16:
        raise ValueError(_no_ink(image))
    return ink * (255 / darkest)


def _no_ink(image: Array) -> str:
    """Say why there is nothing to read: a photograph is not blank, but fills itself."""
    if int(image.max()) - int(image.min()) < 16:
        return "There is no digit on the image: its pixels are all alike."
    return (
        "There is no digit on the image: nothing stands out from what is along its "
        "border, as ink does from paper."
    )


def _quantile(values: Array, q: float) -> float:
    """``np.quantile`` to the bit, without its costs for a few hundred values."""
    values = np.sort(values)
    at = q * (len(values) - 1)
    low = int(at)
    share, step = at - low, values[min(low + 1, len(values) - 1)] - values[low]
    if share < 0.5:
        return float(values[low] + step * share)
    return float(values[low] + step - step * (1 - share))


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
    by_row, by_column, total = ink.sum(axis=1), ink.sum(axis=0), ink.sum()
    down = by_row @ np.arange(rows) / total
    right = by_column @ np.arange(columns) / total
    # MNIST's own centres of mass lie about pixel 14; nothing may fall off the edge.
    top = min(max(round(14 - down), 0), 28 - rows)
    left = min(max(round(14 - right), 0), 28 - columns)
    return top, left
