"""Faces as published: FER-2013's CSV of pixels, and the ORL faces' folders."""

import csv
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lookalike._download import BytesCallback
from lookalike._typing import Array
from lookalike.datasets.members import Members

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""By the number that the CSV file has for them."""
PARTS = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
"""Our parts by the file's: the public test set of the challenge is for validation."""
AS_PUBLISHED = {"train": 28_709, "validation": 3_589, "test": 3_589}
SIDE = 48  # pixels
ORL_SHAPE = (112, 92)
_ORL = re.compile(r"(?:.*/)?s(\d+)/(\d+)\.(?:pgm|png|jpe?g|bmp|tiff?)", re.I)


def convert_fer2013(
    files: Members, target: Path, on_progress: BytesCallback
) -> list[str]:
    """Write FER-2013's CSV file, ``emotion,pixels,Usage``, as one ``.npz``.

    ``icml_face_data.csv`` of the same challenge is read too. Images stay in the order
    of the file.

    Raises
    ------
    ValueError
        If there is no such file, or a row is bad; the sentence names the row.
    """
    tables = [
        name for name in files.names if name.lower().endswith((".csv", ".csv.gz"))
    ]
    preferred = files.named("fer2013.csv", "icml_face_data.csv") or tables
    if not preferred:
        raise ValueError(
            f"{files.source} holds no .csv file; expected fer2013.csv with the columns "
            "emotion, pixels and Usage."
        )
    name = preferred[0]
    x: dict[str, list[Array]] = {part: [] for part in AS_PUBLISHED}
    y: dict[str, list[int]] = {part: [] for part in AS_PUBLISHED}
    classes = sorted(EMOTIONS)
    with files.text(name) as lines:
        for n, (emotion, pixels, part) in enumerate(_faces(name, lines), start=1):
            x[part].append(pixels)
            y[part].append(classes.index(EMOTIONS[emotion]))
            if n % 500 == 0:
                on_progress(n, sum(AS_PUBLISHED.values()))
    arrays: dict[str, Any] = {}
    for part in AS_PUBLISHED:
        images = np.array(x[part], np.uint8).reshape(-1, SIDE, SIDE)
        arrays |= {f"x_{part}": images, f"y_{part}": np.array(y[part], np.uint8)}
    if not len(arrays["x_train"]) or not len(arrays["x_test"]):
        raise ValueError(
            f"{name} holds {len(x['train']):,} training and {len(x['test']):,} "
            "PrivateTest rows; expected some of both."
        )
    with target.open("wb") as stream:
        np.savez_compressed(stream, **arrays, classes=np.array(classes))
    return _about_faces(name, y, classes)


def convert_orl_faces(
    files: Members, target: Path, on_progress: BytesCallback
) -> list[str]:
    """Write the ORL faces, ``s1/1.pgm`` to ``s40/10.pgm``, as one ``.npz``.

    A picture that cannot be read, or has another size, is left out and named.

    Raises
    ------
    ValueError
        If there are no such pictures of two people or more.
    """
    found = {
        (int(match[1]), int(match[2])): name
        for name in files.names
        if (match := _ORL.fullmatch(name))
    }
    images, people, wrong = [], [], []
    for n, ((person, _), name) in enumerate(sorted(found.items())):
        on_progress(n, len(found))
        try:
            images.append(_grey(files, name))
            people.append(person)
        except ValueError as error:
            wrong.append(str(error))
    if len(set(people)) < 2:
        raise ValueError(
            f"{files.source} holds faces of {len(set(people))} people; expected a "
            "folder a person, named s1, s2, ..., with pictures 1.pgm, 2.pgm, ... of "
            f"112 by 92 pixels{': ' + wrong[0] if wrong else '.'}"
        )
    kind = np.uint8 if max(people) < 256 else np.int64
    with target.open("wb") as stream:
        np.savez_compressed(stream, x=np.array(images), y=np.array(people, kind))
    counts = np.unique(people, return_counts=True)[1]
    lines = [
        f"{len(images)} faces of {len(counts)} people, {counts.min()} to "
        f"{counts.max()} each, 112 by 92 grey."
    ]
    if (len(counts), counts.min(), counts.max()) != (40, 10, 10):
        lines.append("Not as published: expected 10 faces each of 40 people.")
    return [*lines, *(f"Left out: {sentence}" for sentence in wrong)]


def _faces(name: str, lines: Iterator[str]) -> Iterator[tuple[int, Array, str]]:
    """Emotion, pixels and part of each row."""
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    rows = csv.reader(lines)
    header = [cell.strip().lower() for cell in next(rows, [])]
    missing = [each for each in ("emotion", "pixels", "usage") if each not in header]
    if missing:
        raise ValueError(
            f"{name} lacks the columns {', '.join(missing)}; found: "
            f"{', '.join(header)[:80] or 'nothing'}."
        )
    at = [header.index(each) for each in ("emotion", "pixels", "usage")]
    for row in rows:
        if not row:
            continue
        where = f"{name}, row {rows.line_num}"
        if len(row) != len(header):
            raise ValueError(f"{where}: expected {len(header)} cells, got {len(row)}.")
        emotion, pixels, usage = (row[n].strip() for n in at)
        if emotion not in map(str, range(len(EMOTIONS))):
            raise ValueError(f"{where}: expected an emotion 0 to 6, got {emotion!r}.")
        if usage not in PARTS:
            raise ValueError(
                f"{where}: expected a usage of {', '.join(PARTS)}, got {usage!r}."
            )
        yield int(emotion), _pixels(where, pixels), PARTS[usage]


def _pixels(where: str, text: str) -> Array:
    cells = text.split()
    if len(cells) != SIDE * SIDE:
        raise ValueError(
            f"{where}: expected {SIDE * SIDE:,} pixels, got {len(cells):,}."
        )
    try:
        values = np.array(cells, np.int64)
    except (ValueError, OverflowError):
        values = np.array([-1])
    if values.min() < 0 or values.max() > 255:
        raise ValueError(f"{where}: expected pixels from 0 to 255.")
    return values.astype(np.uint8)


def _about_faces(
    name: str, y: dict[str, list[int]], classes: Sequence[str]
) -> list[str]:
    n = {part: len(labels) for part, labels in y.items()}
    counts = np.bincount([each for part in y.values() for each in part], minlength=7)
    of_class = ", ".join(f"{c} {k:,}" for c, k in zip(classes, counts, strict=True))
    lines = [
        f"{name}: {sum(n.values()):,} faces of {SIDE} by {SIDE}: {n['train']:,} for "
        f"training, {n['validation']:,} for validation (PublicTest), {n['test']:,} for "
        "testing (PrivateTest).",
        f"Emotions: {of_class}.",
    ]
    if n != AS_PUBLISHED:
        lines.append(
            "Not as published: expected 28,709, 3,589 and 3,589 faces in the parts."
        )
    return lines


def _grey(files: Members, name: str) -> Array:
    """One face; a refusal names the file."""
    from PIL import Image

    try:
        with files.opened(name) as stream, Image.open(stream) as picture:
            image = np.asarray(picture.convert("L"))
    except (OSError, ValueError, SyntaxError) as error:
        raise ValueError(f"{name} is no picture that can be read: {error}.") from None
    if image.shape != ORL_SHAPE:
        size = " by ".join(map(str, image.shape))
        raise ValueError(f"{name} has {size} pixels; expected 112 by 92.")
    return image
