"""WNUT-17: tweets and posts whose words carry tags."""

import gzip
import os
from collections.abc import Iterable
from dataclasses import dataclass

from lookalike.datasets.catalogue import CATALOGUE
from lookalike.datasets.locate import find

Sentences = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Tagged:
    """Sentences as words, with a tag for each word."""

    words: Sentences
    tags: Sentences
    """``B-kind`` is the first word of a name, ``I-kind`` inside it, ``O`` outside."""


@dataclass(frozen=True)
class TaggedText:
    """Tagged sentences with the split of their publisher."""

    name: str
    """Which data set this is."""
    checksum: str
    """The catalogue's checksum of the training part."""
    train: Tagged
    validation: Tagged
    test: Tagged


def load_wnut17(path: str | os.PathLike[str] | None = None) -> TaggedText:
    """Load WNUT-17: 3,394 training, 1,009 validation and 1,287 test sentences.

    Parameters
    ----------
    path : path, default=None
        The folder with the three files; None looks where
        :func:`lookalike.datasets.find` looks.
    """
    folder, entry = find("wnut17", path), CATALOGUE["wnut17"]
    parts = []
    for file in entry.files:
        with gzip.open(
            folder / file.path.partition("/")[2], "rt", encoding="utf-8"
        ) as lines:
            parts.append(read_tagged(lines))
    return TaggedText("wnut17", entry.files[0].sha256, *parts)


def read_tagged(lines: Iterable[str]) -> Tagged:
    r"""Read lines of a word and its tag, with an empty line after each sentence.

    Columns are parted by tabs, or else by spaces, as in the files of CoNLL: the word is
    in the first and the tag in the last; what stands between is passed over.

    Raises
    ------
    ValueError
        If a line holds a word without a tag.

    Examples
    --------
    >>> read_tagged(["In\tO\n", "Rome NNP B-LOC\n", "\n", "Yes\tO\n"]).words
    (('In', 'Rome'), ('Yes',))
    """
    words: list[tuple[str, ...]] = []
    tags: list[tuple[str, ...]] = []
    pairs: list[tuple[str, str]] = []
    for number, line in enumerate([*lines, ""], start=1):
        word, *_, tag = _columns(line)
        if word and not tag:
            raise ValueError(
                f"line {number}: expected a word and its tag, got {word[:60]!r}."
            )
        if word:
            pairs.append((word, tag))
        elif pairs:
            words.append(tuple(word for word, _ in pairs))
            tags.append(tuple(tag for _, tag in pairs))
            pairs = []
    return Tagged(tuple(words), tuple(tags))


def _columns(line: str) -> list[str]:
    """The columns of a line, two or more."""
    cells = line.split("\t") if "\t" in line else line.split()
    return [*(cell.strip() for cell in cells), *[""] * (2 - len(cells))]
