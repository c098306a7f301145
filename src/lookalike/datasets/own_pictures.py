"""Pictures of one's own, read: labels, near copies, and a test part held out.

One bad file of many is left out and told; near copies, such as two shots of one
moment, never lie on both sides of the split.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from lookalike._shown import shown
from lookalike._typing import Array, Ints
from lookalike.datasets.picture_files import PictureFiles, few, find_pictures
from lookalike.datasets.splits import hold_out
from lookalike.features.image import read_image
from lookalike.features.perceptual_hash import difference_hash, groups_of, thumbnail

Prepare = Callable[[Array], Any]
"""Maps a picture, as it was read, to what a system learns from."""
ShareCallback = Callable[[float], None]
"""Called with the share of the files that were read (0 to 1)."""
AT_ONCE = 32
"""Pictures that are held in their own size."""


@dataclass(frozen=True)
class LabelledPictures:
    """Pictures that were read, with their labels, and which are for testing."""

    name: str
    """The path that they were read from."""
    checksum: str
    """SHA-256 of labels, parts and prepared pixels."""
    pictures: list[Array]
    """What ``prepare`` returned, one for each file."""
    labels: Array
    """str (n,); "" where there is none"""
    groups: Ints
    """int64 (n,); near copies have one number"""
    is_test: Array
    """bool (n,)"""
    is_validation: Array
    """bool (n,); only where the data say so"""
    files: list[Path]
    """empty where they did not come from files"""
    sizes: Ints
    """int64 (n, 2): height and width of each file in pixels"""
    problems: tuple[str, ...]
    """What is to be told: files left out, copies in two classes; a few sentences."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels that there are, sorted."""
        return tuple(np.unique(self.labels).tolist())

    @property
    def is_train(self) -> Array:
        """Bool (n,): what is for neither testing nor validation."""
        return ~(self.is_test | self.is_validation)

    def check_classes(self, least: int = 2) -> None:
        """Refuse what no classes can be learned from and tested on.

        Raises
        ------
        ValueError
            If there are fewer than two classes; or one has fewer than ``least``
            pictures to learn from, or none to be tested on.
        """
        if len(self.classes) < 2:
            got = f"only {self.classes[0]!r}" if any(self.labels) else "no folder"
            raise ValueError(
                f"{shown(self.name)} must hold a folder of pictures for each of two "
                f"classes at least, got {got}.{self._left_out}"
            )
        for name in self.classes:
            mine = self.labels == name
            n, tested = (
                int((mine & part).sum()) for part in (~self.is_test, self.is_test)
            )
            if n < least or not tested:
                raise ValueError(
                    f"At least {least} pictures of each class are needed to learn "
                    "from, and one to test on that is no near copy of these; got "
                    f"{n} and {tested} of {name}.{self._left_out}"
                )

    @property
    def _left_out(self) -> str:
        return f" Left out: {self.problems[0]}" if self.problems else ""

    def take(self, rows: Array) -> Self:
        """Return some of the pictures; ``rows`` is a mask."""
        kept = np.flatnonzero(rows)
        return replace(
            self,
            pictures=[self.pictures[row] for row in kept],
            labels=self.labels[rows],
            groups=self.groups[rows],
            is_test=self.is_test[rows],
            is_validation=self.is_validation[rows],
            files=[self.files[row] for row in kept] if self.files else [],
            sizes=self.sizes[rows],
        )


@dataclass(frozen=True)
class _Read:
    """One file that was read."""

    picture: Array
    size: tuple[int, int]
    look: int
    cells: Array


def load_pictures(
    path: str | os.PathLike[str],
    prepare: Prepare = np.asarray,
    mode: Literal["L", "RGB"] = "RGB",
    on_progress: ShareCallback | None = None,
    named: Literal["folder", "file"] = "folder",
) -> LabelledPictures:
    """Read a folder or a manifest of pictures; see ``datasets.picture_files``.

    Where nothing says what is for testing, about a quarter of each class is held out,
    near copies together. Where something does, pictures that are near copies of a test
    picture are taken out of what is learned from.

    Parameters
    ----------
    path : path
    prepare : callable
        Takes uint8 (height, width, 3), or (height, width) with the mode "L". What it
        refuses with a ValueError is left out.
    mode : {"RGB", "L"}
    on_progress : callable, optional
    named : {"folder", "file"}
        Whether the pictures of a flat folder have no label, or the name of the file.

    Raises
    ------
    ValueError
        If there are no pictures that can be read.
    """
    found = find_pictures(path)
    read, problems = _read(found, prepare, mode, on_progress or (lambda share: None))
    rows = [row for row, each in enumerate(read) if each is not None]
    good = [each for each in read if each is not None]
    if not good:
        raise ValueError(
            f"None of the {len(read):,} pictures of {shown(path)} can be used; the "
            f"first: {problems[0]}"
        )
    labels = [found.labels[row] for row in rows]
    if named == "file" and not any(labels):
        labels = [found.files[row].stem for row in rows]
    parts = np.array([found.parts[row] for row in rows])
    files = [found.files[row] for row in rows]
    groups = groups_of(
        np.array([each.look for each in good], np.uint64),
        np.stack([each.cells for each in good]),
    )
    known = np.array(labels)
    doubts = _two_classes(files, known, groups)
    whole = LabelledPictures(
        name=str(path),
        checksum=_checksum(labels, parts.tolist(), [each.picture for each in good]),
        pictures=[each.picture for each in good],
        labels=known,
        groups=groups,
        is_test=parts == "test" if (parts != "").any() else hold_out(known, groups),
        is_validation=parts == "validation",
        files=files,
        sizes=np.array([each.size for each in good], np.int64),
        problems=(*few([*found.problems, *problems]), *few(doubts)),
    )
    return _apart(whole)


def _read(
    found: PictureFiles,
    prepare: Prepare,
    mode: Literal["L", "RGB"],
    tell: ShareCallback,
) -> tuple[list[_Read | None], list[str]]:
    """Read all files in their order; None, and a sentence, for what cannot be."""

    def one(file: Path) -> Array | str:
        try:
            return read_image(file, mode=mode)
        except (ValueError, OSError) as error:
            return _naming(file, error)

    read: list[_Read | None] = []
    problems = []
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for start in range(0, len(found.files), AT_ONCE):
            files = found.files[start : start + AT_ONCE]
            # Decoders release the interpreter lock; the order is that of the files.
            for file, image in zip(files, pool.map(one, files), strict=True):
                each = image if isinstance(image, str) else _kept(file, image, prepare)
                if isinstance(each, str):
                    problems.append(each)
                read.append(None if isinstance(each, str) else each)
                tell(len(read) / len(found.files))
    return read, problems


def _kept(file: Path, image: Array, prepare: Prepare) -> _Read | str:
    """What is kept of a picture, or why it is left out."""
    try:
        prepared = prepare(image)
    except ValueError as error:
        return _naming(file, error)
    size = image.shape[0], image.shape[1]
    return _Read(prepared, size, difference_hash(image), thumbnail(image))


def _naming(file: Path, error: Exception) -> str:
    said, name = str(error), shown(file)
    return said if name in said else f"{name}: {said}"


def _two_classes(files: Sequence[Path], labels: Array, groups: Ints) -> list[str]:
    """One sentence for each picture that looks like one of another class."""
    said = []
    for row, first in enumerate(groups.tolist()):
        if labels[row] != labels[first]:
            said.append(
                f"{shown(files[row])} looks like {shown(files[first])}, and is in "
                "another class: one of the labels may be wrong."
            )
    return said


def _apart(whole: LabelledPictures) -> LabelledPictures:
    """Take near copies of test pictures out of what is learned from."""
    tested = np.isin(whole.groups, whole.groups[whole.is_test]) & ~whole.is_test
    if not tested.any():
        return whole
    n = int(tested.sum())
    are = "picture is a near copy" if n == 1 else "pictures are near copies"
    said = f"{n:,} {are} of test pictures and not learned from."
    left = whole.take(~tested)
    return replace(left, problems=(*whole.problems, said))


def _checksum(
    labels: Sequence[str], parts: Sequence[str], pictures: Sequence[Array]
) -> str:
    digest = hashlib.sha256()
    for label, part, picture in zip(labels, parts, pictures, strict=True):
        digest.update(
            f"{label!r} {part} {picture.dtype.str} {picture.shape}\n".encode()
        )
        digest.update(np.ascontiguousarray(picture).data)
    return digest.hexdigest()
