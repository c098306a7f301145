"""Labelled posts of one's own: texts, pictures, authors and kinds of harm."""

import csv
import hashlib
import os
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from lookalike._typing import Array, Floats
from lookalike.datasets._opened import number_of, opened
from lookalike.datasets.locate import checksum
from lookalike.datasets.picture_files import few
from lookalike.datasets.posts import (
    KINDS,
    SIGNALS,
    LabelledPosts,
    Posts,
    parts_by_text,
)
from lookalike.features.image import read_image

ANY_LANGUAGE = "any"
"""The language of posts in a table that names none."""
TABLE = "posts.csv"
"""Of a folder, the table of its posts."""
SIDE = 256
"""Pixels to which the longer side of a picture is brought, if it has more."""


def load_own_posts(path: str | os.PathLike[str]) -> Posts:
    """Load a CSV file, or a folder with ``posts.csv``, of labelled posts.

    A column ``text``, or ``picture``, and one for each kind of harm. A cell of a kind
    is 1 or 0, or empty where nobody said; ``any`` is 1 where a kind is, if there is no
    such column. A column ``language`` may name each post's. Posts are split by their
    texts, so that copies are in one part; those without one, by their pictures' names.

    ``picture`` names a file beside the table. Columns named as ``SIGNALS`` are counts
    at the time of the post (of its author) or of the decision (reactions), empty where
    not known. Where there are columns ``author``, ``time`` and ``decided`` (numbers,
    such as seconds since 1970), ``author_posts`` and ``author_violations`` are counted
    from the table itself: earlier posts of the author, and those of them that had been
    decided to be harmful before the post was written.

    Raises
    ------
    ValueError
        If a column is missing or a cell is none of these; the sentence names the row.
    """
    file = Path(path)
    if file.is_dir():
        file = file / TABLE
    table = _Table(file)
    with opened(file, "CSV file in UTF-8") as lines:
        rows = csv.DictReader(lines)
        table.take_header(rows.fieldnames or [])
        for row in rows:
            table.take(row, rows.line_num)
    return table.posts(str(path))


class _Table:
    """The rows of a table that hold a post."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._texts: list[str] = []
        self._keys: list[str] = []  # by which a post is put into its part
        self._languages: list[str] = []
        self._labels: list[list[float]] = []
        self._pictures: list[Array | None] = []
        self._signals: list[list[float]] = []
        self._history: list[tuple[str, float, float]] = []
        self._problems: list[str] = []
        self._digest = hashlib.sha256()

    def take_header(self, columns: Sequence[str]) -> None:
        """Refuse a table without posts or labels."""
        self._columns = columns
        self._kinds = [kind for kind in KINDS if kind in columns]
        if not {"text", "picture"} & set(columns) or not self._kinds:
            raise ValueError(
                f"{self.file} needs a column text and one of {', '.join(KINDS)}; "
                f"found: {', '.join(columns)[:80] or 'nothing'}."
            )
        self._counted = {"author", "time", "decided"} <= set(columns)

    def take(self, row: Mapping[str, str | None], number: int) -> None:
        """Take up a row, unless it holds no post, or its picture cannot be read."""
        own = [self._label(row, kind, number) for kind in self._kinds]
        if "any" not in self._kinds:
            own = [float(np.nanmax([0.0, *own])), *own]
        text, name = (_cell(row, column) for column in ("text", "picture"))
        signals = [self._number(row, column, number) for column in SIGNALS]
        history = ("", np.nan, np.nan)
        if self._counted:
            history = (
                _cell(row, "author"),
                self._number(row, "time", number),
                self._number(row, "decided", number),
            )
        picture = None
        if name:
            try:
                picture = self._picture(name)
            except ValueError as error:
                self._problems.append(f"row {number}: {error}")
                return
        if text or picture is not None:
            self._texts.append(row.get("text") or "")
            self._keys.append(text or name)
            self._languages.append(_cell(row, "language") or ANY_LANGUAGE)
            self._labels.append(own)
            self._pictures.append(picture)
            self._signals.append(signals)
            self._history.append(history)

    def posts(self, name: str) -> Posts:
        """Return the posts in three parts."""
        n = len(self._texts)
        if not n:
            raise ValueError(
                " ".join(
                    (f"{self.file} holds no texts below its header.", *self._said())
                )
            )
        labels, signals = np.array(self._labels), np.array(self._signals)
        if self._counted:
            _count_history(self._history, labels[:, 0], signals)
        names = tuple(self._languages), ("own",) * n
        # Split by what a post is known by: its text, or else its picture's name.
        places = LabelledPosts(tuple(self._keys), np.arange(float(n))[:, None], *names)
        has_picture = any(each is not None for each in self._pictures)
        full = LabelledPosts(
            tuple(self._texts),
            labels,
            *names,
            tuple(self._pictures) if has_picture else (),
            signals if np.isfinite(signals).any() else None,
        )
        train, validation, test = (
            full.take(part.labels[:, 0].astype(np.int64))
            for part in parts_by_text(places)
        )
        kinds = ("any", *(kind for kind in self._kinds if kind != "any"))
        self._digest.update(checksum(self.file).encode())
        told = checksum(self.file) if not has_picture else self._digest.hexdigest()
        return Posts(name, told, kinds, train, validation, test, self._said())

    def _said(self) -> tuple[str, ...]:
        return tuple(f"Left out, {each}" for each in few(self._problems))

    def _picture(self, name: str) -> Array:
        """Read a picture beside the table; one of many pixels is made smaller."""
        picture = read_image(self.file.parent / name, mode="RGB")
        self._digest.update(picture.tobytes())
        return smaller(picture)

    def _label(self, row: Mapping[str, str | None], kind: str, number: int) -> float:
        found = _cell(row, kind)
        if found not in ("", "0", "1"):
            raise ValueError(
                f"{self.file}, row {number}: {kind} must be 1, 0 or empty, got "
                f"{found[:40]!r}."
            )
        return float(found) if found else float("nan")

    def _number(self, row: Mapping[str, str | None], column: str, number: int) -> float:
        found = _cell(row, column)
        if not found:
            return float("nan")
        value = number_of(found)
        if not np.isfinite(value) or value < 0:
            raise ValueError(
                f"{self.file}, row {number}: {column} must be a number of at least 0 "
                f"or empty, got {found[:40]!r}."
            )
        return value


def smaller(picture: Array, side: int = SIDE) -> Array:
    """Return a picture whose longer side has at most so many pixels.

    Examples
    --------
    >>> smaller(np.zeros((100, 400, 3), np.uint8), 200).shape
    (50, 200, 3)
    >>> smaller(np.zeros((10, 20), np.uint8), 200).shape
    (10, 20)
    """
    if max(picture.shape[:2]) <= side:
        return picture
    held = Image.fromarray(picture)
    held.thumbnail((side, side), Image.Resampling.LANCZOS)
    return np.asarray(held)


def _cell(row: Mapping[str, str | None], column: str) -> str:
    return (row.get(column) or "").strip()


def _count_history(
    history: Sequence[tuple[str, float, float]], harmful: Floats, signals: Floats
) -> None:
    """Count earlier posts of each author, and violations that were known by then.

    A cell that the table fills itself is left as it is.
    """
    written: dict[str, list[float]] = defaultdict(list)
    found: dict[str, list[float]] = defaultdict(list)
    for (author, time, decided), is_harmful in zip(
        history, harmful.tolist(), strict=True
    ):
        if author and np.isfinite(time):
            written[author].append(time)
            if is_harmful == 1 and np.isfinite(decided):
                found[author].append(decided)
    for times in (*written.values(), *found.values()):
        times.sort()
    columns = SIGNALS.index("author_posts"), SIGNALS.index("author_violations")
    for row, (author, time, _) in enumerate(history):
        if not author or not np.isfinite(time):
            continue
        for column, times_of in zip(columns, (written, found), strict=True):
            if np.isnan(signals[row, column]):
                signals[row, column] = bisect_left(times_of[author], time)
