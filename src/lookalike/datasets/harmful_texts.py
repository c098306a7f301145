"""Published data sets of harmful texts, read into one form; see ``posts``.

Davidson's tweets (English), ToLD-Br (Portuguese), K-MHaS (Korean), GermEval 2018
(German) and MLMA (English, French, Arabic) are for learning. HateCheck, whose cases are
made to find out what a model cannot do, is for evaluation alone: it is of another type,
which no system learns from.
"""

import csv
import gzip
import hashlib
import io
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lookalike._typing import Array
from lookalike.datasets.catalogue import CATALOGUE
from lookalike.datasets.locate import find
from lookalike.datasets.posts import (
    KINDS,
    SHARES,
    LabelledPosts,
    Posts,
    joined,
    parts_by_text,
)

PathLike = str | os.PathLike[str]
Row = tuple[str, Mapping[str, bool]]

_TOLD = {
    "homophobia": "homophobia",
    "obscene": "obscene",
    "insult": "insult",
    "racism": "racism",
    "misogyny": "sexism",
    "xenophobia": "xenophobia",
}
_N_RATERS = 3
"""Of ToLD-Br."""
_KMHAS = {
    "0": "xenophobia",
    "1": "appearance",
    "2": "politics",
    "3": "obscene",
    "4": "age",
    "5": "sexism",
    "6": "racism",
    "7": "religion",
}
_GERMEVAL = {"ABUSE": "hate", "INSULT": "insult", "PROFANITY": "obscene"}
_TARGETS = {
    "origin": "xenophobia",
    "gender": "sexism",
    "sexual_orientation": "homophobia",
    "religion": "religion",
}
_MLMA_LANGUAGES = ("en", "fr", "ar")
_HATECHECK = {
    "arabic": "ar",
    "dutch": "nl",
    "french": "fr",
    "german": "de",
    "hindi": "hi",
    "italian": "it",
    "mandarin": "zh",
    "polish": "pl",
    "portuguese": "pt",
    "spanish": "es",
}


@dataclass(frozen=True)
class FunctionalCases:
    """Short cases, each of which tries one function of a model of hate."""

    name: str
    texts: tuple[str, ...]
    is_hateful: Array
    """bool (n_cases,)"""
    functions: tuple[str, ...]
    """What each case tries, such as "negate_neg_nh": a negated statement."""
    targets: tuple[str, ...]
    """The group that each case names, "" where it names none."""
    languages: tuple[str, ...]


def load_davidson(path: PathLike | None = None) -> Posts:
    """Load Davidson's 24,783 English tweets, split by their texts.

    ``any`` is hate or offence, ``hate`` is hate, as most raters said. Their agreement
    is not kept: to learn more from posts that more of them agree on helps where one
    rater of three decides, as in ToLD-Br, and did not help here.

    Parameters
    ----------
    path : path, default=None
        The file; None looks where :func:`lookalike.datasets.find` looks.
    """
    file = find("hate_speech_davidson", path)
    rows: list[Row] = []
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            kind = int(row["class"])
            rows.append((row["tweet"], {"any": kind != 2, "hate": kind == 0}))
    return _split("hate_speech_davidson", "en", rows)


def load_told_br(path: PathLike | None = None) -> Posts:
    """Load ToLD-Br: 21,000 Brazilian tweets of six kinds, split by their texts.

    A kind counts where one of three raters saw it, as its publishers take it;
    ``agreement`` is the share of the three; of ``any``, that of the kind which most of
    them saw.

    Parameters
    ----------
    path : path, default=None
        The file; None looks where :func:`lookalike.datasets.find` looks.
    """
    rows: list[Row] = []
    agreed = []
    with gzip.open(find("told_br", path), "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            votes = {kind: float(row[name]) for name, kind in _TOLD.items()}
            votes = {"any": max(votes.values()), **votes}
            rows.append((row["text"], {kind: n > 0 for kind, n in votes.items()}))
            agreed.append(
                {kind: n / _N_RATERS if n else 1.0 for kind, n in votes.items()}
            )
    return _split("told_br", "pt", rows, agreed)


def load_kmhas(path: PathLike | None = None) -> Posts:
    """Load K-MHaS: 30,715 Korean comments with eight kinds, split by their texts.

    These are its publishers' validation and test parts together; the training part,
    which is larger, is not here, so that the numbers are not those of its publishers.

    Parameters
    ----------
    path : path, default=None
        The folder; None looks where :func:`lookalike.datasets.find` looks.
    """
    folder, rows = find("kmhas", path), []
    for file in _files("kmhas", folder):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            next(lines)
            for line in lines:
                text, _, label = line.rstrip("\n").rpartition("\t")
                found = {
                    kind: code in label.split(",") for code, kind in _KMHAS.items()
                }
                rows.append((text, {"any": any(found.values()), **found}))
    return _split("kmhas", "ko", rows)


def load_germeval2018(path: PathLike | None = None) -> Posts:
    """Load GermEval 2018: 5,009 German tweets to learn from and 3,532 to test on.

    ``any`` is its first task; ``hate`` (ABUSE), ``insult`` and ``obscene`` (PROFANITY)
    are its second, which gives each tweet one of them. A fifth of the training part, by
    its texts, is for validation.

    Parameters
    ----------
    path : path, default=None
        The folder; None looks where :func:`lookalike.datasets.find` looks.
    """
    folder, parts = find("germeval2018", path), []
    for file in _files("germeval2018", folder):
        rows = []
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for line in lines:
                text, coarse, fine = line.rstrip("\n").split("\t")
                own = {kind: fine == name for name, kind in _GERMEVAL.items()}
                rows.append((text, {"any": coarse == "OFFENSE", **own}))
        parts.append(_labelled("germeval2018", "de", rows))
    learned, test = parts
    train, validation = parts_by_text(learned, (0.8,))
    name = "germeval2018"
    return Posts(name, _checksum(name), KINDS, train, validation, test)


def load_mlma(path: PathLike | None = None) -> Posts:
    """Load MLMA: 13,014 English, French and Arabic tweets, split by their texts.

    ``any`` is whatever is not normal, ``hate`` what is hateful; a kind that has a
    group for its target is that target of a tweet that is not normal.

    Parameters
    ----------
    path : path, default=None
        The archive; None looks where :func:`lookalike.datasets.find` looks.
    """
    several = []
    with zipfile.ZipFile(find("mlma", path)) as archive:
        for language in _MLMA_LANGUAGES:
            member = f"hate_speech_mlma/{language}_dataset.csv"
            rows = []
            with io.TextIOWrapper(
                archive.open(member), encoding="utf-8", newline=""
            ) as lines:
                for row in csv.DictReader(lines):
                    labels = row["sentiment"].split("_")
                    harmful = labels != ["normal"]
                    own = {
                        kind: harmful and row["target"] == target
                        for target, kind in _TARGETS.items()
                    }
                    hate = "hateful" in labels
                    rows.append((row["tweet"], {"any": harmful, "hate": hate, **own}))
            several.append(_split("mlma", language, rows))
    return joined("mlma", several)


HARMFUL_TEXTS: dict[str, Callable[[], Posts]] = {
    "hate_speech_davidson": load_davidson,
    "told_br": load_told_br,
    "kmhas": load_kmhas,
    "germeval2018": load_germeval2018,
    "mlma": load_mlma,
}
"""Loaders of the sets that can be learned from."""


def load_harmful_texts() -> Posts:
    """Load the five sets of harmful texts as one: 98,053 posts in six languages."""
    return joined("harmful_texts", [load() for load in HARMFUL_TEXTS.values()])


def load_hatecheck(path: PathLike | None = None) -> FunctionalCases:
    """Load Multilingual HateCheck: 36,582 cases in ten languages, to evaluate only.

    Parameters
    ----------
    path : path, default=None
        The folder; None looks where :func:`lookalike.datasets.find` looks.
    """
    name = "hatecheck_multilingual"
    folder = find(name, path)
    rows: list[dict[str, str]] = []
    languages: list[str] = []
    for file in _files(name, folder):
        language = _HATECHECK[file.name.split(".")[0].rpartition("_")[2]]
        with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
            found = list(csv.DictReader(lines))
        rows += found
        languages += [language] * len(found)
    return FunctionalCases(
        name,
        tuple(row["test_case"] for row in rows),
        np.array([row["label_gold"] == "hateful" for row in rows]),
        tuple(row["functionality"] for row in rows),
        tuple(row["target_ident"] or "" for row in rows),
        tuple(languages),
    )


def _files(name: str, folder: Path) -> Iterator[Path]:
    """The files of a set, in the order of the catalogue."""
    for file in CATALOGUE[name].files:
        yield folder / file.path.partition("/")[2]


def _checksum(name: str) -> str:
    files = CATALOGUE[name].files
    if len(files) == 1:
        return files[0].sha256
    return hashlib.sha256("".join(file.sha256 for file in files).encode()).hexdigest()


def _labelled(
    name: str,
    language: str,
    rows: Sequence[Row],
    agreed: Sequence[Mapping[str, float]] = (),
) -> LabelledPosts:
    """Posts of one set; agreed : share of raters by kind, () where it is not known."""
    n = len(rows)
    labels = np.full((n, len(KINDS)), np.nan)
    for at, (_, found) in enumerate(rows):
        for kind, value in found.items():
            labels[at, KINDS.index(kind)] = value
    agreement = None
    if agreed:
        agreement = np.full(labels.shape, np.nan)
        for at, shares in enumerate(agreed):
            for kind, share in shares.items():
                agreement[at, KINDS.index(kind)] = share
    return LabelledPosts(
        tuple(text for text, _ in rows),
        labels,
        (language,) * n,
        (name,) * n,
        agreement=agreement,
    )


def _split(
    name: str,
    language: str,
    rows: Sequence[Row],
    agreed: Sequence[Mapping[str, float]] = (),
) -> Posts:
    whole = _labelled(name, language, rows, agreed)
    train, validation, test = parts_by_text(whole, SHARES)
    return Posts(name, _checksum(name), KINDS, train, validation, test)
