"""What is known of the items of a shop as vectors, and as numbers for the ranker."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp

from lookalike._typing import Floats
from lookalike.datasets.item_columns import ItemColumn, cell_of
from lookalike.systems._recommender.catalogue import Catalogue
from lookalike.systems._recommender.words import word_encoder, word_vectors

LEVELS = np.linspace(0, 1, 9)
"""Ranks of a number to which that of an item is near or far."""
LEAST_SHARED = 5  # items that a feature must have to be a row
FEATURE_WEIGHT = 3.0
"""How much a feature counts beside a customer; chosen on a validation part."""
_NUMBERS = ("number", "date")
_SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")


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


def _ranks(values: Floats, known: Floats | None = None) -> Floats:
    """Share of the known values that lie below each, equal ones counting half.

    known : None is the values themselves
    """
    held = values if known is None else known
    among = np.sort(held[~np.isnan(held)])
    low, high = (np.searchsorted(among, values, side) for side in _SIDES)
    ranks = (low + high) / 2 / max(len(among), 1)
    return np.where(np.isnan(values), np.nan, ranks)


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


class UserProfiles:
    """What is known of users as vectors: of those of a table, and of others like them.

    Each column of a user adds up to 1, or to 0 where nothing is known.

    Parameters
    ----------
    columns : mapping of str to ItemColumn
        Of the users of the table.

    Attributes
    ----------
    known : csr (n_users, n_features), at least 0
        The users of the table.

    Examples
    --------
    >>> city = ItemColumn.of(["Bern", "Chur", "Bern", "Chur"])
    >>> age = ItemColumn.of(["20", "30", "40", "50"])
    >>> profiles = UserProfiles({"city": city, "age": age})
    >>> other = profiles.of({"city": "Chur", "age": 30}, [-1])
    >>> (other.toarray() == profiles.known[[1]].toarray()).all()
    np.True_
    """

    def __init__(self, columns: Mapping[str, ItemColumn]) -> None:
        self.columns = columns
        self._encoders = {
            name: _column_encoder(each)
            for name, each in columns.items()
            if each.kind != "ignored"
        }
        self._blocks = {
            name: _shares(encode(columns[name].cells.tolist()))
            for name, encode in self._encoders.items()
        }
        self.known = sp.csr_array(sp.hstack(list(self._blocks.values())))

    def of(self, given: Mapping[str, Any], rows: Sequence[int]) -> sp.csr_array:
        """Return the vectors of users of whom this is said, csr (n, n_features).

        given : values by the name of their column, as cells have them or as JSON has
        rows : of each user in the table, for what is not given; -1 where unknown
        """
        there = np.flatnonzero(np.array(rows, np.int64) >= 0)
        at = there, np.array(rows, np.int64)[there]
        shape = len(rows), self.known.shape[0]
        which = sp.csr_array((np.ones(len(there)), at), shape=shape)
        every = sp.csr_array(np.ones((len(rows), 1)))
        blocks = [
            every @ _shares(encode([given[name]])) if name in given else which @ block
            for (name, encode), block in zip(
                self._encoders.items(), self._blocks.values(), strict=True
            )
        ]
        return sp.csr_array(sp.hstack(blocks))


def _shares(block: Any) -> sp.csr_array:
    """Rows that add up to 1, or to 0."""
    total = np.asarray(block.sum(axis=1)).ravel()
    return sp.csr_array(sp.diags_array(1 / np.where(total > 0, total, 1.0)) @ block)


def _column_encoder(column: ItemColumn) -> Callable[[Sequence[Any]], Any]:
    """What maps values to vectors by what the cells of a column are like."""
    if column.kind == "text":
        encode = word_encoder(column.cells.tolist())
        return lambda values: encode([cell_of(value) for value in values])
    if column.kind in _NUMBERS:
        known = column.numbers()

        def levels(values: Sequence[Any]) -> sp.csr_array:
            cells = np.array([cell_of(value) for value in values], dtype=str)
            return _levels(_ranks(ItemColumn(column.kind, cells).numbers(), known))

        return levels
    weights = _rarity(column.words())
    return lambda values: _weighted_words(column.words_of(values), weights)


def _rare_words(words: Sequence[Sequence[str]]) -> sp.csr_array:
    """Each word by the logarithm of how rare it is, csr (n_items, n_words)."""
    return _weighted_words(words, _rarity(words))


def _rarity(words: Sequence[Sequence[str]]) -> dict[str, float]:
    """The weight of each word, in the order of their columns."""
    counts = Counter(word for each in words for word in set(each))
    return {word: float(1 + np.log(len(words) / n)) for word, n in counts.items()}


def _weighted_words(
    words: Sequence[Sequence[str]], weights: Mapping[str, float]
) -> sp.csr_array:
    """Words by their weight, csr (n_rows, n_words); others are passed over."""
    column = {word: at for at, word in enumerate(weights)}
    every = [
        (n, word) for n, each in enumerate(words) for word in each if word in column
    ]
    values = [weights[word] for _, word in every]
    at = [n for n, _ in every], [column[word] for _, word in every]
    return sp.csr_array((values, at), shape=(len(words), max(len(column), 1)))


def _levels(ranks: Floats) -> sp.csr_array:
    """How near ranks are to each of ``LEVELS``, csr (n_items, 9); zeros where nan."""
    apart = (ranks[:, None] - LEVELS) / (LEVELS[1] - LEVELS[0])
    return sp.csr_array(np.nan_to_num(np.exp(-(apart**2) / 2)))


def _of_length_1(rows: sp.csr_array) -> sp.csr_array:
    size = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return sp.csr_array(sp.diags_array(1 / np.where(size > 0, size, 1.0)) @ rows)
