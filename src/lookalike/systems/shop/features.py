"""What is known of the items of a shop as vectors, and as numbers for the ranker."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from lookalike._typing import Floats
from lookalike.datasets.item_columns import ItemColumn
from lookalike.systems._recommender.catalogue import Catalogue
from lookalike.systems._recommender.words import word_vectors

LEVELS = np.linspace(0, 1, 9)
"""Ranks of a number to which that of an item is near or far."""
LEAST_SHARED = 5  # items that a feature must have to be a row
FEATURE_WEIGHT = 3.0
"""How much a feature counts beside a customer; chosen on a validation part."""
_NUMBERS = ("number", "date")


def number_names(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the names of the columns that are numbers or dates."""
    columns = catalogue.columns.items()
    return tuple(name for name, each in columns if each.kind in _NUMBERS)


def ranked_numbers(catalogue: Catalogue) -> Floats:
    """Return the numbers of the items by their rank, (n_items, n_numbers).

    From 0, the lowest, to 1; 0.5 where unknown. Ranks have no unit, and no price that
    is far from all others sets their scale.
    """
    names = number_names(catalogue)
    found = np.empty((len(catalogue.items), len(names)))
    for column, name in enumerate(names):
        found[:, column] = _ranks(catalogue.columns[name].numbers())
    return np.nan_to_num(found, nan=0.5)


def _ranks(values: Floats) -> Floats:
    """Share of the known values that lie below each, equal ones counting half."""
    ranks = np.full(len(values), np.nan)
    known = ~np.isnan(values)
    _, at, counts = np.unique(values[known], return_inverse=True, return_counts=True)
    ranks[known] = ((np.cumsum(counts) - counts / 2) / max(known.sum(), 1))[at]
    return ranks


def item_vectors(catalogue: Catalogue) -> sp.csr_array:
    """Return descriptions of the items, csr (n_items, n_features), of length 1.

    Each column counts alike: the words of titles and texts by tf-idf, categories and
    tags by how rare they are, numbers by their level. Items of which nothing is known
    have a row of zeros.
    """
    titles = catalogue.titles.tolist()
    # A title that is only the item's id says nothing that others could share.
    pairs = zip(titles, catalogue.items.tolist(), strict=True)
    said = [title if title != id else "" for title, id in pairs]
    blocks = [word_vectors(said)] if any(said) else []
    for each in catalogue.columns.values():
        if each.kind == "text":
            blocks.append(word_vectors(each.cells.tolist()))
        elif each.kind in ("category", "tags"):
            blocks.append(_rare_words(each.words()))
        elif each.kind in _NUMBERS:
            blocks.append(_levels(_ranks(each.numbers())))
    if not blocks:
        blocks = [word_vectors(titles)]
    whole = sp.csr_array(sp.hstack(list(map(_of_length_1, blocks))))
    return _of_length_1(whole)


def feature_rows(catalogue: Catalogue) -> Any:
    """Return features of the items as rows, csr (n_features, n_items).

    A model of what goes together that is fitted on them, too, takes two items with the
    same features for a pair that somebody has [1]_. None where there are no columns.

    References
    ----------
    .. [1] Jeunen, Van Balen and Goethals (2020). "Closed-form models for collaborative
       filtering with side-information". RecSys.   (section 3.1, add-EASE's stacking)
    """
    if not catalogue.columns:
        return None
    rows = sp.csr_array(item_vectors(catalogue).T)
    shared = np.diff(rows.indptr) >= LEAST_SHARED
    return sp.csr_array(rows[shared] * FEATURE_WEIGHT, dtype=np.float32)


def user_profiles(columns: Mapping[str, ItemColumn]) -> sp.csr_array:
    """Return what is known of users, csr (n_users, n_features), at least 0.

    Each column of a user adds up to 1, or to 0 where nothing is known.
    """
    blocks = []
    for each in columns.values():
        if each.kind == "text":
            blocks.append(word_vectors(each.cells.tolist()))
        elif each.kind in ("category", "tags"):
            blocks.append(_rare_words(each.words()))
        elif each.kind in _NUMBERS:
            blocks.append(_levels(_ranks(each.numbers())))
    sums = [np.asarray(block.sum(axis=1)).ravel() for block in blocks]
    shares = [
        sp.diags_array(1 / np.where(total > 0, total, 1.0)) @ block
        for total, block in zip(sums, blocks, strict=True)
    ]
    return sp.csr_array(sp.hstack(shares))


def _rare_words(words: Sequence[Sequence[str]]) -> sp.csr_array:
    """Each word by the logarithm of how rare it is, csr (n_items, n_words)."""
    counts = Counter(word for each in words for word in set(each))
    column = {word: at for at, word in enumerate(counts)}
    weight = {word: 1 + np.log(len(words) / n) for word, n in counts.items()}
    rows = [row for row, each in enumerate(words) for _ in each]
    every = [word for each in words for word in each]
    values = [weight[word] for word in every], (rows, [column[word] for word in every])
    return sp.csr_array(values, shape=(len(words), max(len(column), 1)))


def _levels(ranks: Floats) -> sp.csr_array:
    """How near ranks are to each of ``LEVELS``, csr (n_items, 9); zeros where nan."""
    apart = (ranks[:, None] - LEVELS) / (LEVELS[1] - LEVELS[0])
    return sp.csr_array(np.nan_to_num(np.exp(-(apart**2) / 2)))


def _of_length_1(rows: sp.csr_array) -> sp.csr_array:
    size = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return sp.csr_array(sp.diags_array(1 / np.where(size > 0, size, 1.0)) @ rows)
