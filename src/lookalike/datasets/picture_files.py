"""The files of pictures of one's own, and what each is labelled.

Five forms are understood:

- a folder of class folders: ``pictures/cat/1.jpg``; folders inside a class are its own;
- a flat folder: ``pictures/1.jpg``, without labels;
- folders of parts above the classes: ``pictures/train/cat/1.jpg``,
  ``pictures/test/cat/2.jpg``;
- a CSV manifest with the columns path, label and, where it is known, split;
- one picture a class, named by it: a flat folder again, for whoever reads it so.
"""

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lookalike._shown import shown
from lookalike.datasets._opened import opened
from lookalike.features.folder_files import folder_contents

PARTS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""Names of the parts of a data set, in folders and manifests."""
COLUMNS = {
    "path": ("path", "file", "filename", "file_name", "filepath", "image"),
    "label": ("label", "class", "category"),
    "split": ("split", "part", "subset", "set"),
}
"""Names by which the columns of a manifest are known."""
SHOWN = 5
"""Sentences about single files that are told; of the others, how many there are."""


@dataclass(frozen=True)
class PictureFiles:
    """Image files with their labels and parts."""

    root: Path
    """The folder, or the manifest."""
    files: list[Path] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    """"" where there is none: in a flat folder all of them."""
    parts: list[str] = field(default_factory=list)
    """"train", "validation", "test", or "" where nothing says it."""
    problems: list[str] = field(default_factory=list)
    """One sentence for each file, row or folder that was left out."""

    @property
    def are_labelled(self) -> bool:
        """Whether the files have labels."""
        return any(self.labels)

    def add(self, file: Path, label: str, part: str) -> None:
        """Take up one file."""
        self.files.append(file)
        self.labels.append(label)
        self.parts.append(part)


def is_picture_data(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a folder or a manifest of pictures, by its header."""
    place = Path(path)
    return place.is_dir() or _manifest_columns(place) is not None


def find_pictures(path: str | os.PathLike[str]) -> PictureFiles:
    """Return the image files that a folder or a manifest names, with their labels.

    What is hidden or kept by an operating system (``Thumbs.db``) is passed over, and
    so is what an ignore file names; see ``features.folder_files``.

    Raises
    ------
    ValueError
        If it is neither, or names no images.
    """
    place = Path(path)
    if place.is_dir():
        found = _in_folder(place)
    elif _manifest_columns(place) is not None:
        found = _in_manifest(place)
    else:
        raise ValueError(
            f"{shown(place)} must be a folder of pictures, or a CSV file with the "
            "columns path and label."
        )
    if not found.files:
        why = f" {found.problems[0]}" if found.problems else ""
        kind = "folder" if place.is_dir() else "manifest"
        raise ValueError(f"The {kind} {shown(place)} holds no images.{why}")
    return found


def few(sentences: Sequence[str], most: int = SHOWN) -> tuple[str, ...]:
    """Return the first sentences, and how many there are more.

    Examples
    --------
    >>> few(["a is empty.", "b is empty.", "c is empty."], 2)
    ('a is empty.', 'b is empty.', 'The same or the like of 1 more.')
    """
    more = len(sentences) - most
    told = tuple(sentences[:most])
    return (*told, f"The same or the like of {more:,} more.") if more > 0 else told


def _in_folder(root: Path) -> PictureFiles:
    contents = folder_contents(root)
    inside = [Path(os.fsdecode(path)) for path in contents.files]
    places = [file.relative_to(root).parts[:-1] for file in inside]
    found = PictureFiles(root, problems=list(contents.problems))
    has_parts = _are_parts(places)
    has_classes = any(places)
    for file, folders in zip(inside, places, strict=True):
        part = PARTS[folders[0].lower()] if has_parts and folders else ""
        classes = folders[1:] if has_parts else folders
        if has_classes and not classes:
            found.problems.append(f"{shown(file)} lies in no folder of a class.")
        else:
            found.add(file, classes[0] if classes else "", part)
    return found


def _are_parts(places: Sequence[tuple[str, ...]]) -> bool:
    """Whether the folders on top are the parts of a data set, with classes inside."""
    tops = {folders[0].lower() for folders in places if folders}
    parts = {PARTS.get(top) for top in tops}
    deep = any(len(folders) > 1 for folders in places)
    return deep and None not in parts and {"train", "test"} <= parts


def _in_manifest(place: Path) -> PictureFiles:
    named = _manifest_columns(place)
    assert named is not None
    found, given = PictureFiles(place), [0]
    with opened(place, "CSV file of paths and labels") as lines:
        rows = csv.DictReader(lines, delimiter=_delimiter(place))
        for row in rows:
            given[0] = rows.line_num
            problem = _take_row(found, place.parent, row, named)
            if problem:
                found.problems.append(f"{shown(place)}, line {given[0]}: {problem}")
    return found


def _take_row(
    found: PictureFiles,
    folder: Path,
    row: Mapping[str, str | None],
    named: Mapping[str, str],
) -> str:
    """Take up one row; return what is wrong with it, "" where nothing is."""
    cells = {what: (row.get(name) or "").strip() for what, name in named.items()}
    split = cells.get("split", "").lower()
    if not cells["path"] or not cells["label"]:
        return "expected a path and a label."
    if split and split not in PARTS:
        return f"the split must be train, validation or test, got {shown(split)}."
    file = folder / Path(cells["path"]).expanduser()
    if not file.is_file():
        return f"{shown(file)} is not there."
    found.add(file, cells["label"], PARTS.get(split, ""))
    return ""


def _manifest_columns(place: Path) -> dict[str, str] | None:
    """Names of a manifest's columns by what they are; None where it is no manifest."""
    if not place.is_file() or place.suffix.lower() not in (".csv", ".tsv", ".txt"):
        return None
    header = _header(place).split(_delimiter(place))
    names = {
        name.strip().strip('"').lower(): name.strip().strip('"') for name in header
    }
    found = {}
    for what, known in COLUMNS.items():
        here = [names[name] for name in known if name in names]
        if here:
            found[what] = here[0]
    return found if {"path", "label"} <= set(found) else None


def _header(place: Path) -> str:
    try:
        with place.open(encoding="utf-8-sig") as lines:
            return lines.readline(10_000).strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _delimiter(place: Path) -> str:
    header = _header(place)
    return max(",;\t", key=header.count)
