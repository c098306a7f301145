"""What the command's verbs ask of a system, and what most systems answer alike.

A system that wants ``lookalike train``, ``evaluate``, ``classify`` and ``explain`` has

- ``find_data(choice, warn)``, a class method: the data set of that name or path, or
  the default one for None; ``warn`` is told in a sentence what the user should know;
- ``evaluate(data)``, which returns a :class:`Measured`;
- ``read(inputs)``, a static method: names and queries for what a user named;
- ``answer(names, queries)``: dictionaries, ready for JSON, one or more a query;
- ``explain(name, query)``: an :class:`Explanation` of one answer;
- ``report(data, measured)``: the page with pictures.
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lookalike._typing import Array, Ints
from lookalike.core import generation
from lookalike.core.generation import Damaged, Generation
from lookalike.evaluate import Comparison, Estimate
from lookalike.features.image import read_image

if TYPE_CHECKING:
    from lookalike.evaluate.report import Report as Page

Tell = Callable[[str, float], None]
"""Told what is being done, and the share that is behind."""
Warn = Callable[[str], None]
Answer = dict[str, Any]


@dataclass(frozen=True)
class Measured:
    """What the answers to the test data are worth."""

    tested: str
    """How much was answered, such as "1,000 test images"."""
    metrics: dict[str, Estimate]
    comparisons: dict[str, Comparison]
    """By what the system was compared with."""
    details: dict[str, Any] = field(default_factory=dict)
    """What the report draws."""


@dataclass(frozen=True)
class Explanation:
    """One answer, and why it is this one."""

    answer: Answer
    reasons: tuple[str, ...]
    """Lines for a reader, the strongest reason first."""
    page: "Page | None" = None
    """The same with pictures, where there is something to see."""


def nobody(what: str, share: float) -> None:
    """Nobody wants to be told."""


def silent(sentence: str) -> None:
    """Nobody wants to be warned."""


def choose(
    choice: str | None, loaders: Mapping[str, Callable[[], Any]], what: str
) -> Any:
    """Return the data set of this name; the first is what None means."""
    name = next(iter(loaders)) if choice is None else choice
    if name not in loaders:
        raise ValueError(
            f"The data of {what} must be one of {', '.join(loaders)}; got {choice!r}."
        )
    return loaders[name]()


def read_names(
    inputs: Sequence[str | os.PathLike[str]],
) -> tuple[list[str], list[str]]:
    """Return the names that were given, of whoever is asked about."""
    names = [str(given).strip() for given in inputs]
    return names, names


def places_of(
    names: Sequence[str] | Array, place: Mapping[str, int], what: str
) -> Ints:
    """Look each name up; refuse one that is not there.

    Examples
    --------
    >>> places_of(["eve", "ann"], {"ann": 0, "eve": 1}, "people")
    array([1, 0])
    """
    for name in names:
        if name not in place:
            raise ValueError(
                f"Expected one of the {len(place):,} {what} known, got {str(name)!r}."
            )
    return np.array([place[name] for name in names], np.int64)


def image_files(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Return the files that were named, and those in the folders that were named."""
    files = []
    for path in map(Path, paths):
        if not path.is_dir():
            files.append(path)
            continue
        inside = [file for file in sorted(path.iterdir()) if file.is_file()]
        inside = [file for file in inside if not file.name.startswith(".")]
        if not inside:
            raise ValueError(f"The folder {path} holds no images.")
        files += inside
    return files


def read_images(
    files: Iterable[Path],
    prepare: Callable[[Array], Any] = np.asarray,
    mode: Literal["L", "RGB"] = "L",
) -> list[Any]:
    """Read each file and prepare it; a refusal names the file."""
    prepared = []
    for file in files:
        try:
            prepared.append(prepare(read_image(file, mode=mode)))
        except ValueError as error:
            named = str(error) if str(file) in str(error) else f"{file}: {error}"
            raise ValueError(named) from None
    return prepared


def measured_facts(measured: Measured) -> dict[str, Any]:
    """Return the numbers in the form in which a generation keeps them."""
    return {
        "metrics": {name: asdict(m) for name, m in measured.metrics.items()},
        "comparisons": {name: asdict(c) for name, c in measured.comparisons.items()},
    }


def milliseconds(verb: Callable[[Any], object], queries: Sequence[Any]) -> float:
    """Return the median time of one answer, asked one at a time."""
    seconds = []
    for query in queries:
        started = time.perf_counter()
        verb(query)
        seconds.append(time.perf_counter() - started)
    return round(1000 * float(np.median(seconds)), 3)


def read_generation(
    folder: str | os.PathLike[str] | Generation, name: str
) -> Generation:
    """Return the generation in this folder, unless it was read before."""
    return folder if isinstance(folder, Generation) else generation.load(folder, name)


def about_of(found: Generation) -> dict[str, Any]:
    """Return what most systems keep of ``system.json``."""
    keys = ("configuration", "data", "facts", "metrics", "comparisons")
    return {key: found.about[key] for key in keys}


def damaged(found: Generation, name: str, error: BaseException) -> Damaged:
    """Return the sentence for a generation whose contents make no such system."""
    return Damaged(f"{found.folder} holds no system of {name}: {error}")
