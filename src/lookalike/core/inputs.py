"""What users send, decoded: the same code for command line, HTTP and Python.

A system's ``SPEC`` names one of these; it turns files, bytes, pixels or text into the
queries that the system's methods take. This is where data from outside is checked,
before it reaches a kernel.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike

from lookalike._checks import check_whole
from lookalike._shown import shown
from lookalike._typing import Array, Ints
from lookalike.features.folder_files import folder_contents
from lookalike.features.image import MAX_PIXELS, read_image

RefusalCallback = Callable[[str], None]


def refuse(sentence: str) -> None:
    """Let one input that is refused refuse them all."""
    raise ValueError(sentence)


class Inputs(Protocol):
    """Decodes the inputs of one system."""

    noun: str
    """What one input is called: "image", "text", "user"."""

    @property
    def forms(self) -> tuple[str, ...]:
        """In what an input may come.

        "file", "pixels", "drawing", "text", "name", or "post": a mapping of parts.
        """
        ...

    def read(
        self, given: Sequence[Path | str], on_refusal: RefusalCallback = refuse
    ) -> tuple[list[str], list[Any]]:
        """Return names and queries for what was named on the command line.

        on_refusal : called with a sentence for each input that cannot be read; the
            others are returned where it returns

        Raises
        ------
        ValueError
            If something is no such input, unless ``on_refusal`` returns; the sentence
            names it.
        """
        ...

    def decode(self, sent: Any, max_pixels: int = MAX_PIXELS) -> Any:
        """Return the query for one input that was sent.

        sent : bytes of a file, rows of pixels, text, or the parts of a post
        """
        ...


@dataclass(frozen=True)
class ImageInputs:
    """Images: files in any format, turned upright and laid on white.

    mode : "L" is grey, "RGB" is colour
    prepare : "module:function" that maps the picture to a query
    takes_pixels : whether rows of pixels are taken as they are
    takes_drawings : whether a few strokes by hand are such an image
    takes_texts : whether a text may come in an image's place
    """

    mode: Literal["L", "RGB"] = "L"
    prepare: str = "numpy:asarray"
    takes_pixels: bool = False
    takes_drawings: bool = False
    takes_texts: bool = False
    noun: str = "image"

    @property
    def forms(self) -> tuple[str, ...]:
        """Files, and what else is taken."""
        more = {
            "pixels": self.takes_pixels,
            "drawing": self.takes_drawings,
            "text": self.takes_texts,
        }
        return ("file", *(form for form, taken in more.items() if taken))

    def read(
        self, given: Sequence[Path | str], on_refusal: RefusalCallback = refuse
    ) -> tuple[list[str], list[Any]]:
        """Return image files, and those in folders, with what is on them."""
        names, prepared, prepare = [], [], resolve_name(self.prepare)
        for file in image_files(given, on_refusal):
            found = read_images([file], prepare, self.mode, on_refusal)
            names += [shown(file)] * len(found)
            prepared += found
        return names, prepared

    def decode(self, sent: Any, max_pixels: int = MAX_PIXELS) -> Any:
        """Return what is on an image file, or pixels or a text as they are."""
        if isinstance(sent, str):
            if not self.takes_texts:
                raise ValueError("This system takes images, got a text.")
            return sent
        if isinstance(sent, bytes):
            picture = read_image(sent, mode=self.mode, max_pixels=max_pixels)
            return resolve_name(self.prepare)(picture)
        if not self.takes_pixels:
            raise ValueError(
                "This system takes image files, in base64 or as they are; got pixels."
            )
        try:
            return np.asarray(sent, np.uint8)
        except (ValueError, OverflowError):
            raise ValueError("The rows of pixels must be of one length.") from None


@dataclass(frozen=True)
class TextInputs:
    """Texts, as they are given, or the lines of UTF-8 files that are named.

    check : "module:function" that returns a text, or refuses it with a ValueError
    """

    check: str
    noun: str = "text"
    forms: tuple[str, ...] = ("text",)

    def read(
        self, given: Sequence[Path | str], on_refusal: RefusalCallback = refuse
    ) -> tuple[list[str], list[Any]]:
        """Return texts under their own names, and lines under theirs."""
        names, texts = [], []
        for each in map(str, given):
            try:
                lines = _lines(each)
            except ValueError as error:
                on_refusal(str(error))
                continue
            for name, text in lines:
                try:
                    texts.append(self.decode(text))
                except ValueError as error:
                    where = f"{name}: " if name != text else ""
                    on_refusal(f"{where}{error}")
                else:
                    names.append(name)
        return names, texts

    def decode(self, sent: Any, max_pixels: int = MAX_PIXELS) -> Any:
        """Return a text that was sent."""
        return resolve_name(self.check)(sent)


@dataclass(frozen=True)
class NameInputs:
    """Names of users, known or not."""

    noun: str = "user"
    forms: tuple[str, ...] = ("name",)

    def read(
        self, given: Sequence[Path | str], on_refusal: RefusalCallback = refuse
    ) -> tuple[list[str], list[Any]]:
        """Return the names, without spaces around them."""
        names = [str(name).strip() for name in given]
        return names, list(names)

    def decode(self, sent: Any, max_pixels: int = MAX_PIXELS) -> Any:
        """Return a name that was sent."""
        return str(sent)


IMAGES = ImageInputs()
"""Grey pictures as they are."""
COLOUR_IMAGES = ImageInputs("RGB", takes_pixels=True)
"""Pictures in colour, from files or pixels."""
IMAGES_OR_TEXTS = ImageInputs("RGB", takes_pixels=True, takes_texts=True)
"""Pictures in colour, or texts where the system's encoder knows words."""
DIGIT_IMAGES = ImageInputs(
    prepare="lookalike.features.image:prepare_digit",
    takes_pixels=True,
    takes_drawings=True,
)
"""Digits by hand, in MNIST's form: from files, pixels or drawings."""
USERS = NameInputs()


def image_files(
    paths: Iterable[str | os.PathLike[str]], on_refusal: RefusalCallback = refuse
) -> list[Path]:
    """Return the files that were named, and the images below folders that were named.

    on_refusal : called for each folder that holds none, and for all that cannot be
        looked into
    """
    files = []
    for path in map(Path, paths):
        if not path.is_dir():
            files.append(path)
            continue
        contents = folder_contents(path)
        for problem in contents.problems:
            on_refusal(problem)
        inside = [Path(os.fsdecode(file)) for file in contents.files]
        if not inside and not contents.problems:
            on_refusal(f"The folder {shown(path)} holds no images.")
        files += inside
    return files


def read_images(
    files: Iterable[Path],
    prepare: Callable[[Array], Any] = np.asarray,
    mode: Literal["L", "RGB"] = "L",
    on_refusal: RefusalCallback = refuse,
) -> list[Any]:
    """Read each file and prepare it; a refusal names the file."""
    prepared = []
    for file in files:
        try:
            prepared.append(prepare(read_image(file, mode=mode)))
        except ValueError as error:
            text, name = str(error), shown(file)
            on_refusal(text if name in text else f"{name}: {text}")
    return prepared


def check_images(images: ArrayLike, shape: tuple[int, ...] | None = None) -> Array:
    """Return a batch of grey images as bytes, or say what is wrong with it.

    Bytes are taken as they are; other numbers must be whole and lie between 0 and 255.
    """
    array = np.asarray(images)
    if array.ndim != 3 or 0 in array.shape:
        raise ValueError(
            "Images must be grey and come as (n_images, height, width), none of them "
            f"0; got shape {array.shape}."
        )
    if shape is not None and array.shape[1:] != shape:
        expected, got = (" by ".join(map(str, s)) for s in (shape, array.shape[1:]))
        raise ValueError(f"Images must be {expected} like the known ones, got {got}.")
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind not in "iuf":
        raise ValueError(f"Pixels must be numbers, got {array.dtype}.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError("Pixels must be finite, got NaN or infinity.")
    if array.min() < 0 or array.max() > 255 or (array != np.rint(array)).any():
        raise ValueError(
            "Pixels must be whole numbers from 0 to 255, got values from "
            f"{array.min():g} to {array.max():g}."
        )
    return array.astype(np.uint8)


def check_image(image: ArrayLike, shape: tuple[int, ...] | None = None) -> Array:
    """Return one grey image as bytes, or say what is wrong; see ``check_images``."""
    checked: Array = check_images(np.asarray(image)[None], shape)[0]
    return checked


def check_labels(labels: ArrayLike, n_images: int) -> Array:
    """Return one label an image, whole numbers or text, or say what is wrong."""
    array = np.asarray(labels)
    if array.ndim != 1 or array.dtype.kind not in "iuUb":
        raise ValueError(
            "Labels must be one whole number or text an image, got shape "
            f"{array.shape} of {array.dtype}."
        )
    if len(array) != n_images:
        raise ValueError(f"{n_images} images need as many labels, got {len(array)}.")
    return array


def positions_of(
    names: Sequence[str] | Array, position: Mapping[str, int], noun: str
) -> Ints:
    """Look each name up; refuse one that is not known.

    Examples
    --------
    >>> positions_of(["eve", "ann"], {"ann": 0, "eve": 1}, "people")
    array([1, 0])
    """
    for name in names:
        if name not in position:
            raise ValueError(
                f"Expected one of the {len(position):,} {noun} known, got "
                f"{str(name)!r}."
            )
    return np.array([position[name] for name in names], np.int64)


def check_k(k: Any) -> int:
    """Return how many answers are asked for; there may be fewer.

    Raises
    ------
    ValueError
        If k is no whole number of at least 1.
    """
    check_whole("k", k)
    return int(k)


def _lines(given: str) -> list[tuple[str, str]]:
    """A text under its own name, or the lines of a file under theirs."""
    if not os.path.isfile(given):  # a text may be longer than a file's name can be
        return [(given, given)]
    try:
        lines = Path(given).read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise ValueError(f"{given} is no text in UTF-8.") from None
    if not lines:
        raise ValueError(f"{given} is empty; expected a text a line.")
    return [(f"{given}, line {n}", line) for n, line in enumerate(lines, start=1)]
