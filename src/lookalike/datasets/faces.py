"""Faces with labels: FER-2013 by expression, the ORL faces by person."""

import os
from dataclasses import dataclass

import numpy as np

from lookalike._typing import Array, Ints
from lookalike.datasets.locate import contents_of, find


@dataclass(frozen=True)
class Expressions:
    """Faces with their expressions, in training, validation and test parts."""

    name: str
    """Which data set this is."""
    checksum: str
    """Of the contents: the catalogue's, or that of a converted edition."""
    classes: tuple[str, ...]
    """Name of each label."""
    x_train: Array
    """uint8 (n_train, height, width)"""
    y_train: Ints
    """int64 (n_train,), positions in ``classes``"""
    x_validation: Array
    """uint8 (n_validation, height, width); may be empty"""
    y_validation: Ints
    """int64 (n_validation,)"""
    x_test: Array
    """uint8 (n_test, height, width)"""
    y_test: Ints
    """int64 (n_test,)"""
    problems: tuple[str, ...] = ()
    """What was found wrong with one's own files, in a few sentences."""


@dataclass(frozen=True)
class People:
    """Faces of people, several images of each person."""

    name: str
    """Which data set this is."""
    checksum: str
    """Of the contents: the catalogue's, or that of a converted edition."""
    images: Array
    """uint8 (n_images, height, width)"""
    people: Array
    """(n_images,), number or name of the person on each image"""
    problems: tuple[str, ...] = ()
    """What was found wrong with one's own files, in a few sentences."""


def load_fer2013(path: str | os.PathLike[str] | None = None) -> Expressions:
    """Load FER-2013: 35,887 faces of 48 by 48 in seven expressions, as published.

    28,709 are for training, 3,589 for validation (the public test set of the challenge)
    and 3,589 for testing (its private one).

    Parameters
    ----------
    path : path, default=None
        The file ``fer2013.npz`` or its folder; None looks where
        :func:`lookalike.datasets.find` looks.
    """
    file = find("fer2013", path)
    with np.load(file, allow_pickle=False) as arrays:
        parts = [
            arrays[f"{axis}_{part}"].astype(kind)
            for part in ("train", "validation", "test")
            for axis, kind in (("x", np.uint8), ("y", np.int64))
        ]
        classes = tuple(map(str, arrays["classes"]))
    return Expressions("fer2013", contents_of(file), classes, *parts)


def load_happy_and_fear(path: str | os.PathLike[str] | None = None) -> Expressions:
    """Load the happy and the fearful faces of FER-2013 with a split of their own.

    The three parts are pooled and split at random with a fixed seed. Of the 8,989 happy
    faces 7,164 are for training and 1,825 for testing; of the 5,121 fearful ones 4,103
    and 1,018. The validation part is empty.

    Parameters
    ----------
    path : path, default=None
        As in :func:`load_fer2013`.
    """
    whole = load_fer2013(path)
    x = np.concatenate([whole.x_train, whole.x_validation, whole.x_test])
    y = np.concatenate([whole.y_train, whole.y_validation, whole.y_test])
    rng = np.random.default_rng(0)
    train, test = [], []
    for name, n_test in (("fear", 1018), ("happy", 1825)):
        rows = rng.permutation(np.flatnonzero(y == whole.classes.index(name)))
        test.append(rows[:n_test])
        train.append(rows[n_test:])
    order, held_out = rng.permutation(np.concatenate(train)), np.concatenate(test)
    happy = (y == whole.classes.index("happy")).astype(np.int64)
    return Expressions(
        *("happy_and_fear", whole.checksum, ("fear", "happy")),
        *(x[order], happy[order], x[:0], happy[:0], x[held_out], happy[held_out]),
    )


def load_orl_faces(path: str | os.PathLike[str] | None = None) -> People:
    """Load the ORL faces: ten images of each of 40 people, grey, 112 by 92.

    Parameters
    ----------
    path : path, default=None
        The file ``orl_faces.npz`` or its folder; None looks where
        :func:`lookalike.datasets.find` looks.
    """
    file = find("orl_faces", path)
    with np.load(file, allow_pickle=False) as arrays:
        images, people = arrays["x"], arrays["y"].astype(np.int64)
    return People("orl_faces", contents_of(file), images, people)
