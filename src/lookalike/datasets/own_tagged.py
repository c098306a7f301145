"""Tagged words of one's own: CoNLL files with any tag set, split and told apart.

A name is marked by prefixes (IOB1, IOB2, IOBES, BILOU), or by the same kind on each of
its words. Both come into IOB2: ``B-kind`` begins a name, and ``I-kind`` goes on.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lookalike.datasets._opened import opened
from lookalike.datasets.locate import checksum
from lookalike.datasets.picture_files import PARTS
from lookalike.datasets.tagged import Sentences, Tagged, TaggedText, read_tagged

KINDS = {
    **dict.fromkeys(
        (
            *("location", "loc", "gpe", "place", "geo", "geo-loc", "geoloc", "geo_loc"),
            *("city", "country", "region", "ort", "lieu", "lugar", "luogo"),
        ),
        "location",
    ),
    **dict.fromkeys(("person", "per", "pers", "people"), "person"),
}
"""What kinds of names are called here, by what they are called elsewhere."""
SHARES = (0.6, 0.8)
"""Of one file: where the validation part begins, and where the test part does."""
LEAST = 20
"""Different sentences of one file that is split."""
_PREFIXED = re.compile(r"([BIESLU])[-_](.+)")
_OUTSIDE = frozenset(("O", "o", "0"))
_DOCUMENT = "-DOCSTART-"


def load_tagged(path: str | os.PathLike[str]) -> TaggedText:
    """Load tagged words: one file, or a folder with one for each part.

    A line holds a word and, in its last column, the tag; columns are parted by tabs or
    spaces, sentences by empty lines. In a folder the names of files say which part each
    is (train, dev or validation, test). Of one file three fifths of the sentences are
    for training, a fifth for validation and a fifth for testing, equal ones together.

    Raises
    ------
    ValueError
        If a line holds a word without a tag, a part is missing or empty, or no kind of
        name is a location; the sentence says which kinds there are.
    """
    place = Path(path)
    parts = _of_folder(place) if place.is_dir() else split(_read(place))
    kinds = sorted(
        {tag[2:] for part in parts for own in part.tags for tag in own} - {""}
    )
    if "location" not in kinds:
        got = ", ".join(kinds) or "no names"
        raise ValueError(
            f"{place}: one kind of names must be locations (such as LOC, GPE or "
            f"location), got {got}."
        )
    files = sorted(place.iterdir()) if place.is_dir() else [place]
    digest = "".join(checksum(file) for file in files if file.is_file())
    return TaggedText(str(place), digest[:64], *parts)


def in_iob2(tags: Sentences) -> Sentences:
    """Return tags of any of the schemes in IOB2, kinds by their names here.

    Examples
    --------
    IOB1, in which a name begins by I unless it touches another; IOBES; and kinds alone:

    >>> in_iob2((("I-LOC", "I-LOC", "B-LOC", "O"),))
    (('B-location', 'I-location', 'B-location', 'O'),)
    >>> in_iob2((("B-PER", "E-PER", "O", "S-LOC"),))
    (('B-person', 'I-person', 'O', 'B-location'),)
    >>> in_iob2((("city", "city", "O", "film"),))
    (('B-location', 'I-location', 'O', 'B-film'),)
    """
    is_prefixed = all(
        tag in _OUTSIDE or _PREFIXED.fullmatch(tag) for own in tags for tag in own
    )
    return tuple(_in_iob2(own, is_prefixed) for own in tags)


def split(whole: Tagged, random_state: int = 0) -> tuple[Tagged, Tagged, Tagged]:
    """Split sentences into training, validation and test parts, equal ones together.

    Raises
    ------
    ValueError
        If there are fewer than 20 different sentences.
    """
    number: dict[tuple[str, ...], int] = {}
    which = np.array([number.setdefault(words, len(number)) for words in whole.words])
    if len(number) < LEAST:
        raise ValueError(
            f"At least {LEAST} different sentences are needed, got {len(number)}."
        )
    order = np.random.default_rng(random_state).permutation(len(number))
    place = np.argsort(order)[which] / len(number)
    begins, ends = (0.0, *SHARES), (*SHARES, 1.0)
    first, second, third = (
        _rows(whole, np.flatnonzero((low <= place) & (place < high)).tolist())
        for low, high in zip(begins, ends, strict=True)
    )
    return first, second, third


def _rows(whole: Tagged, rows: Sequence[int]) -> Tagged:
    return Tagged(
        tuple(whole.words[row] for row in rows), tuple(whole.tags[row] for row in rows)
    )


def _read(file: Path) -> Tagged:
    with opened(file, "text of words and tags") as lines:
        try:
            found = read_tagged(lines)
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from None
    rows = [row for row, words in enumerate(found.words) if words != (_DOCUMENT,)]
    if not rows:
        raise ValueError(
            f"{file} holds no sentences; expected a word and its tag a line."
        )
    kept = _rows(found, rows)
    return Tagged(kept.words, in_iob2(kept.tags))


def _of_folder(folder: Path) -> list[Tagged]:
    found: dict[str, Path] = {}
    for file in sorted(folder.iterdir()):
        words = re.split(r"[^a-z]+", file.name.lower())
        parts = {PARTS[word] for word in words if word in PARTS}
        if file.is_file() and len(parts) == 1 and not file.name.startswith("."):
            part = parts.pop()
            if part in found:
                raise ValueError(
                    f"{folder} holds two files of the {part} part, {found[part].name} "
                    f"and {file.name}; expected one."
                )
            found[part] = file
    for part in ("train", "validation", "test"):
        if part not in found:
            raise ValueError(
                f"{folder} must hold a file for each part, named by train, dev and "
                f"test; got none of {part}."
            )
    return [_read(found[part]) for part in ("train", "validation", "test")]


def _in_iob2(tags: Sequence[str], is_prefixed: bool) -> tuple[str, ...]:
    found: list[str] = []
    before = ""
    for tag in tags:
        if tag in _OUTSIDE:
            found.append("O")
            before = ""
            continue
        prefix, kind = "I", tag
        if is_prefixed and (match := _PREFIXED.fullmatch(tag)):
            prefix, kind = match[1], match[2]
        kind = KINDS.get(kind.lower(), kind.lower())
        goes_on = prefix in "IEL" and kind == before
        found.append(f"{'I' if goes_on else 'B'}-{kind}")
        # The last word of a name ends it: the next one begins another.
        before = "" if prefix in "ESLU" else kind
    return tuple(found)
