"""What a folder or a manifest of pictures holds, in lines for a reader."""

import os
from collections import Counter
from typing import Any

import numpy as np

from lookalike.datasets.own_pictures import ShareCallback, load_pictures

SMALL = 64
"""Pictures with a shorter side than this are told: they may be thumbnails."""


def check_pictures(
    path: str | os.PathLike[str], on_progress: ShareCallback | None = None
) -> dict[str, Any]:
    """Return classes, counts, sizes, copies and problems, ready for JSON.

    Raises
    ------
    ValueError
        If there are no pictures that can be read.
    """
    # What is kept of each is a byte: only counts and sizes are asked for.
    own = load_pictures(path, lambda image: image[:1, :1], "RGB", on_progress)
    counts = Counter(own.labels.tolist())
    shorter = own.sizes.min(axis=1)
    n_alike = np.unique(own.groups, return_counts=True)[1]
    return {
        "path": own.name,
        "n_pictures": len(own.files),
        "classes": {label: counts[label] for label in own.classes if label},
        "parts": {
            name: int(rows.sum())
            for name, rows in (
                ("training", own.is_train),
                ("validation", own.is_validation),
                ("test", own.is_test),
            )
            if rows.any()
        },
        "smallest": own.sizes[shorter.argmin()].tolist(),
        "median": [int(side) for side in np.median(own.sizes, axis=0)],
        "largest": own.sizes[shorter.argmax()].tolist(),
        "n_small": int((shorter < SMALL).sum()),
        "n_copies": int((n_alike - 1).sum()),
        "problems": list(own.problems),
    }


def lines_of(found: dict[str, Any]) -> list[str]:
    """Return what was found as lines: what there is, then what is wrong."""
    classes = found["classes"]
    width = max(map(len, classes), default=0)
    lines = [f"{found['n_pictures']:,} pictures in {found['path']}"]
    lines += [f"  {name:<{width}}  {n:,}" for name, n in classes.items()]
    if not classes:
        lines.append("  in no class folders: they can be searched, not learned from")
    smallest, median, largest = (
        " by ".join(map(str, found[name])) for name in ("smallest", "median", "largest")
    )
    lines.append(
        f"height by width in pixels: {smallest} to {largest}, half of them up to "
        f"{median}"
    )
    if found["n_small"]:
        lines.append(f"{found['n_small']:,} have a side of less than {SMALL} pixels")
    if found["n_copies"]:
        lines.append(
            f"{found['n_copies']:,} are near copies of others: these stay on one side "
            "of the split"
        )
    parts = ", ".join(f"{n:,} {name}" for name, n in found["parts"].items())
    return [*lines, f"parts: {parts}", *found["problems"]]
