"""``lookalike bench photographs``: search of colour photographs without training.

Three hundred photographs in six classes (``photograph_set``): each is a query among the
others, and the measure is the share of its five nearest that are of its class, with a
95% bootstrap interval over queries. Three ways to count:

- ``precision_at_5``: among all others, most of which of its class overlap with it;
- ``without_overlap``: those that show a pixel of the query's photograph left out;
- ``other_source``: those that were cut from the same picture left out, of the classes
  that have two pictures.

The job ``weights`` is where the weights of the built-in encoder come from: the same
measure on photographs that are in no measured class, for the weights that are shipped
and for others.
"""

import gzip
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from lookalike.datasets import load_digits_sample
from lookalike.datasets.locate import data_folder
from lookalike.evaluate import bootstrap, paired_test
from lookalike.features.photograph import (
    PREPARATION,
    WEIGHTS,
    describe_photographs,
    parts_of,
)
from lookalike.systems.images.system import ImageSearch
from lookalike_bench import runner
from lookalike_bench.arrays import Array, Floats
from lookalike_bench.bars import Bar, Row, difference, least
from lookalike_bench.photograph_set import OTHERS, Photographs, Source, photographs

K = 5
BARS = (
    Bar(
        "five nearest photographs: share of the query's class",
        0.59,
        least("precision_at_5", "six classes"),
    ),
    Bar(
        "five nearest photographs: above 8 by 8 mean colours",
        0,
        difference(
            least("precision_at_5", "six classes"),
            least("precision_at_5", "six classes", "8 by 8 mean colours"),
        ),
    ),
)
EQUIPMENT = "barbell", "dumbbell", "cable", "body only", "machine", "kettlebells"


def run(
    only: str | None = None,
    rounds: int = 3,
    progress: runner.ProgressCallback | None = None,
) -> dict[str, Any]:
    """Measure every job whose name contains ``only``."""
    return runner.measured(runner.selected(JOBS.items(), only), progress, BARS)


def six_classes() -> Iterator[Row]:
    """Ours beside mean colours, and the encoder that needed no download before."""
    made = photographs()
    same = made.labels[:, None] == made.labels
    two = np.isin(made.labels, ["people", "vehicles"])
    methods = {
        "lookalike": describe_photographs(made.images),
        "8 by 8 mean colours": mean_colours(made.images),
        "linear, learned from digits": ImageSearch("linear")
        .fit(load_digits_sample())
        .embed(made.images),
    }
    ours = None
    for method, vectors in methods.items():
        far = distances(vectors)
        found = precision(far, same)
        apart = precision(far, same, made.overlap())
        other = precision(far, same, made.same_source())[two]
        row: Row = {
            "method": method,
            "precision_at_5": str(bootstrap(np.mean, found)),
            "without_overlap": str(bootstrap(np.mean, apart)),
            "other_source": str(bootstrap(np.mean, other)),
        }
        if ours is not None:
            test = paired_test(ours, found)
            row["p"] = f"{test.p_value:.1g}"
        ours = found if ours is None else ours
        yield row


def weights() -> Iterator[Row]:
    """Parts alone, in equal shares, and as shipped, where nothing measured is seen."""
    sets = {"crops": other_crops(), "equipment": equipment()}
    described = {
        name: (
            parts_of(np.stack([PREPARATION.tile(image) for image in found.images])),
            found.labels[:, None] == found.labels,
        )
        for name, found in sets.items()
        if found is not None
    }
    equal = dict.fromkeys(WEIGHTS, 1.0)
    tried = {"shipped weights": WEIGHTS, "equal weights": equal}
    tried |= {f"{name} alone": {name: 1.0} for name in WEIGHTS}
    for method, given in tried.items():
        row: Row = {"method": method}
        for name, (parts, same) in described.items():
            each = [w * distances(parts[part]) for part, w in given.items()]
            far: Floats = np.sum(each, axis=0)
            row[name] = str(bootstrap(np.mean, precision(far, same)))
        yield row


def mean_colours(images: list[Array]) -> Floats:
    """Mean colours of 8 by 8 cells, (n_images, 192)."""
    small = [Image.fromarray(i).resize((8, 8), Image.Resampling.BOX) for i in images]
    return np.stack([np.asarray(each, np.float64).ravel() for each in small])


def distances(vectors: Array) -> Floats:
    """Squared Euclidean distances, (n, n)."""
    X = vectors.astype(np.float64)
    lengths = (X**2).sum(axis=1)
    return lengths[:, None] + lengths - 2 * X @ X.T


def precision(far: Floats, same: Array, left_out: Array | None = None) -> Floats:
    """Share of the five nearest that are of the query's class, (n,).

    left_out : bool (n, n), pairs of which one is no answer to the other
    """
    far = far.copy()
    np.fill_diagonal(far, np.inf)
    if left_out is not None:
        far[left_out] = np.inf
    nearest = np.argsort(far, axis=1, kind="stable")[:, :K]
    is_answer = np.isfinite(np.take_along_axis(far, nearest, axis=1))
    return (np.take_along_axis(same, nearest, axis=1) & is_answer).mean(axis=1)


def other_crops() -> Photographs:
    """Photographs cut from pictures that are in no measured class.

    The three of scikit-image, and the first pictures of animations in the folder
    ``video_clips`` of the data folder, where it is.
    """
    classes: dict[str, Mapping[str, Source]] = dict(OTHERS)
    folder = data_folder()
    clips = sorted((folder / "video_clips").glob("*.gif")) if folder else []
    for path in clips:
        first = np.asarray(Image.open(path).convert("RGB"))
        if np.ptp(first, axis=2).any():  # not black and white
            classes[path.stem] = {path.stem: partial(np.copy, first)}
    return photographs(classes, n_each=20, seed=1)


def equipment() -> Photographs | None:
    """Photographs of people at exercises, by what they hold; None where not here.

    ``exercises`` of the data folder: the Free Exercise DB, the first of two each.
    """
    folder = data_folder()
    if folder is None or not (folder / "exercises").is_dir():
        return None
    with gzip.open(folder / "exercises" / "exercises.json.gz") as file:
        known = json.load(file)
    files: dict[str, zipfile.ZipFile] = {}
    for path in sorted((folder / "exercises").glob("frames*.zip")):
        archive = zipfile.ZipFile(path)
        files |= dict.fromkeys(archive.namelist(), archive)
    images, labels = [], []
    for each in known:
        name = each["images"][0]
        if each["equipment"] in EQUIPMENT and name in files:
            picture = Image.open(io.BytesIO(files[name].read(name)))
            images.append(np.asarray(ImageOps.exif_transpose(picture).convert("RGB")))
            labels.append(each["equipment"])
    n = len(labels)
    whole = np.tile([0.0, 0.0, 1.0, 1.0], (n, 1))
    return Photographs(images, np.array(labels), np.arange(n).astype(str), whole)


JOBS = {"six classes": six_classes, "weights": weights}
