"""Labelled posts of one's own: a table of texts and kinds of harm."""

import csv
import os
from pathlib import Path

import numpy as np

from lookalike.datasets._opened import opened
from lookalike.datasets.locate import checksum
from lookalike.datasets.posts import KINDS, LabelledPosts, Posts, parts_by_text

ANY_LANGUAGE = "any"
"""The language of posts in a table that names none."""


def load_own_posts(path: str | os.PathLike[str]) -> Posts:
    """Load a CSV file with a column ``text`` and one for each kind of harm.

    A cell of a kind is 1 or 0, or empty where nobody said; ``any`` is 1 where a kind
    is, if there is no such column. A column ``language`` may name each post's. Posts
    are split by their texts, so that copies are in one part.

    Raises
    ------
    ValueError
        If a column is missing or a cell is none of these; the sentence names the row.
    """
    file = Path(path)
    texts: list[str] = []
    languages: list[str] = []
    labels: list[list[float]] = []
    with opened(file, "CSV file in UTF-8") as lines:
        rows = csv.DictReader(lines)
        columns = rows.fieldnames or []
        kinds = [kind for kind in KINDS if kind in columns]
        if "text" not in columns or not kinds:
            raise ValueError(
                f"{file} needs a column text and one of {', '.join(KINDS)}; found: "
                f"{', '.join(columns)[:80] or 'nothing'}."
            )
        for row in rows:
            own = [_label(row[kind], file, rows.line_num, kind) for kind in kinds]
            if "any" not in kinds:
                own = [float(np.nanmax([0.0, *own])), *own]
            if (row["text"] or "").strip():
                texts.append(row["text"])
                labels.append(own)
                languages.append((row.get("language") or "").strip() or ANY_LANGUAGE)
    if not texts:
        raise ValueError(f"{file} holds no texts below its header.")
    kinds = ["any", *(kind for kind in kinds if kind != "any")]
    whole = LabelledPosts(
        tuple(texts), np.array(labels), tuple(languages), ("own",) * len(texts)
    )
    train, validation, test = parts_by_text(whole)
    return Posts(str(file), checksum(file), tuple(kinds), train, validation, test)


def _label(cell: str | None, file: Path, row: int, kind: str) -> float:
    found = (cell or "").strip()
    if found not in ("", "0", "1"):
        raise ValueError(
            f"{file}, row {row}: {kind} must be 1, 0 or empty, got {found[:40]!r}."
        )
    return float(found) if found else float("nan")
