"""Completion of weighted texts from what was typed of them, exact at every length.

Texts are sorted, so that those that begin alike stand side by side: a range. The best
texts of every large range are stored with it, as at the nodes of a tree of beginnings;
a smaller range is looked through. So "a" costs what "aardvark" costs. The same holds
for what begins at a word within a text, and a typed beginning may be a few edits away.

Everything is an array: it is saved, mapped from a file and shared by processes as such.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from lookalike._checks import check_whole
from lookalike._typing import Array, Floats
from lookalike.kernels import prefix as kernels
from lookalike.search.prefix.letters import letters_of

Completion = tuple[str, float]
"""A text and its weight."""

_LEAST = 64  # entries of a range whose best are stored
_STORED = 10  # how many of them
_BLOCK = 16  # entries of a block, as in the kernels
_NONE = np.empty(0, np.uint32)


class PrefixIndex:
    """Texts with weights, found by their beginnings.

    Parameters
    ----------
    texts : iterable of str
        All different, none empty, none with a zero character.
    weights : array-like of shape (n_texts,)
        Finite; a higher one comes first, equal ones by the order of the texts.
    words : bool, default=True
        Whether texts are found by words within them, too.

    Notes
    -----
    Memory: 27 bytes a text beside its letters, 8 for each further word, and 48 for each
    range of at least 64 texts, of which there are few. A letter has one byte as long as
    there are at most 255 different ones, else two.

    Cost: ``complete`` takes O(log n) comparisons; ``near`` walks the beginnings that
    are no more than some edits away, which depends on the texts.

    Examples
    --------
    >>> index = PrefixIndex(["new york", "new jersey", "york"], [3, 5, 2])
    >>> index.complete("ne")
    [('new jersey', 5.0), ('new york', 3.0)]
    >>> index.within("yo")
    [('new york', 3.0)]
    >>> index.near("enw", edits=1)
    [('new jersey', 5.0), ('new york', 3.0)]
    """

    def __init__(
        self, texts: Iterable[str], weights: ArrayLike, words: bool = True
    ) -> None:
        given, held = list(texts), np.array(weights, np.float64)
        _check(given, held)
        letters, self._alphabet = letters_of(given)
        firsts = np.flatnonzero(np.concatenate([[True], letters[:-1] == 0]))
        given_starts = firsts[: len(given)].astype(np.uint32)
        starts = given_starts.copy()
        kernels.sort(letters, starts)
        rows = np.searchsorted(given_starts, starts)
        self._letters, self._starts = _in_order(letters, starts)
        self._weights = held[rows]
        self._by_rank = np.argsort(-self._weights, kind="stable").astype(np.uint32)
        self._ranks = np.empty(len(given), np.uint32)
        self._ranks[self._by_rank] = np.arange(len(given), dtype=np.uint32)
        self._shared = np.empty(len(given), np.uint16)
        kernels.shared_lengths(self._letters, self._starts, self._shared)
        for row in np.flatnonzero(self._repeats())[:1].tolist():
            raise ValueError(f"Texts must differ; got {self.text(row)!r} twice.")
        self._following = np.empty(len(given), np.uint32)
        kernels.next_smaller(self._shared, self._following)
        self._tree = _tree_of(self._ranks)
        self._nodes = _nodes_of(self._shared, self._ranks, self._tree)
        self._fit_words(words)
        self._ready()

    def _repeats(self) -> Array:
        """Whether each text is the one before it."""
        shared = self._shared.astype(np.int64)
        is_whole = self._letters[self._starts + shared] == 0
        is_whole[1:] &= self._letters[self._starts[:-1] + shared[1:]] == 0
        is_whole[:1] = False
        return is_whole

    def _fit_words(self, words: bool) -> None:
        blank = np.searchsorted(self._alphabet, ord(" "))
        starts = _NONE
        if words and blank < len(self._alphabet) and self._alphabet[blank] == 32:
            is_blank = self._letters == blank
            begins = np.flatnonzero(is_blank[:-1] & ~is_blank[1:]) + 1
            starts = begins[self._letters[begins] != 0].astype(np.uint32)
        kernels.sort(self._letters, starts)
        shared = np.empty(len(starts), np.uint16)
        kernels.shared_lengths(self._letters, starts, shared)
        owners = np.searchsorted(self._starts, starts, side="right") - 1
        self._word_starts, self._word_ranks = starts, self._ranks[owners]
        self._word_tree = _tree_of(self._word_ranks)
        self._word_nodes = _nodes_of(shared, self._word_ranks, self._word_tree)

    # --- answers ----------------------------------------------------------------------

    def complete(self, beginning: str, k: int = 10) -> list[Completion]:
        """Return the k texts of the highest weights that begin with this."""
        return self._answer(self._starts, self._entries, self._query(beginning), k)

    def within(self, beginning: str, k: int = 10) -> list[Completion]:
        """Return the k best texts in which a word but the first begins with this."""
        return self._answer(
            self._word_starts, self._word_entries, self._query(beginning), k
        )

    def near(self, beginning: str, k: int = 10, edits: int = 2) -> list[Completion]:
        """Return the k best texts of which a beginning is at most some edits away.

        An edit is an insertion, a deletion, a substitution or an exchange of two
        neighbours (Damerau and Levenshtein, as optimal string alignment). Fewer edits
        come first, then the higher weight.
        """
        check_whole("k", k)
        check_whole("edits", edits, 0)
        query, ranks = self._query(beginning), _NONE
        for allowed in range(edits + 1):
            # What was found with fewer edits is among the best with more.
            found = np.empty(min(k + len(ranks), len(self)), np.uint32)
            n = kernels.complete_near(
                *(self._letters, self._starts, self._ranks, self._tree),
                *(self._shared, self._following, query, allowed, found),
            )
            new = found[:n]
            ranks = np.concatenate([ranks, new[~np.isin(new, ranks)]])
            if len(ranks) >= k:
                break
        return self._completions(ranks[:k])

    def weight(self, text: str) -> float | None:
        """Return the weight of a text, None if it is not here."""
        at = self._find(text)
        return None if at is None else float(self._weights[at])

    def text(self, row: int) -> str:
        """Return one of the texts, in their order."""
        start = int(self._starts[row])
        last = row + 1 == len(self._starts)
        end = len(self._letters) if last else int(self._starts[row + 1])
        return _text(self._alphabet, self._letters[start : end - 1])

    def __len__(self) -> int:
        return len(self._starts)

    def texts(self) -> list[str]:
        """Return all texts in their order, those that were left out too."""
        if not len(self):
            return []
        return _text(self._alphabet, self._letters[:-1]).split("\0")

    @property
    def weights(self) -> Floats:
        """Weights of ``texts``, float64 (n_texts,)."""
        return self._weights

    @property
    def nbytes(self) -> int:
        """Bytes held beside the letters."""
        return sum(a.nbytes for a in self.arrays().values()) - self._letters.nbytes

    @property
    def n_letters(self) -> int:
        """Letters held, without the mark behind each text."""
        return len(self._letters) - len(self)

    # --- leaving out ------------------------------------------------------------------

    def without(self, texts: Iterable[str]) -> Self:
        """Return the index as it is without some texts; it shares what stays the same.

        Texts that are not here are passed over. Cost: O(log n) a word of each, and a
        copy of the ranks.
        """
        rows = [at for text in texts if (at := self._find(text)) is not None]
        if not rows:
            return self
        left = object.__new__(type(self))
        left.__dict__.update(self.__dict__)
        left._ranks, left._tree = self._ranks.copy(), self._tree.copy()
        left._word_ranks, left._word_tree = (
            self._word_ranks.copy(),
            self._word_tree.copy(),
        )
        for row in rows:
            kernels.leave_out(left._ranks, left._tree, row)
            for entry in self._entries_of_words(row):
                kernels.leave_out(left._word_ranks, left._word_tree, entry)
        left._ready()
        return left

    def _entries_of_words(self, row: int) -> Iterable[int]:
        """Entries of the words of a text but the first."""
        start = int(self._starts[row])
        letters = self._letters[start : start + len(self.text(row))]
        blank = np.searchsorted(self._alphabet, 32)
        is_blank = letters == blank
        for at in (np.flatnonzero(is_blank[:-1] & ~is_blank[1:]) + 1).tolist():
            query = np.append(letters[at:].astype(np.int64), 0)  # to the end of a text
            low, high = kernels.find_range(self._letters, self._word_starts, query)
            entry = low + np.searchsorted(self._word_starts[low:high], start + at)
            if entry < high and self._word_starts[entry] == start + at:
                yield int(entry)

    def _find(self, text: str) -> int | None:
        """The row of a text, None if it is not here, or was left out."""
        query = np.append(self._query(text), 0)
        low, high = kernels.find_range(self._letters, self._starts, query)
        if low == high or self._ranks[low] == kernels.GONE:
            return None
        return int(low)

    # --- saving -----------------------------------------------------------------------

    _SAVED = (
        *("_letters", "_alphabet", "_starts", "_ranks", "_by_rank", "_weights"),
        *("_shared", "_following", "_tree", "_word_starts", "_word_ranks"),
        "_word_tree",
    )
    _OF_NODES = "_nodes", "_word_nodes"

    def arrays(self) -> dict[str, Array]:
        """Return everything that answers depend on, for ``of_arrays``."""
        found = {name.strip("_"): getattr(self, name) for name in self._SAVED}
        for name in self._OF_NODES:
            keys, best = getattr(self, name)
            found |= {f"{name.strip('_')}_keys": keys, f"{name.strip('_')}_best": best}
        return found

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the index whose ``arrays`` these are; they may be mapped.

        Raises
        ------
        ValueError
            If they do not belong together: an answer would read outside them.
        """
        index = object.__new__(cls)
        for name in cls._SAVED:
            setattr(index, name, arrays[name.strip("_")])
        for name in cls._OF_NODES:
            key = name.strip("_")
            setattr(index, name, (arrays[f"{key}_keys"], arrays[f"{key}_best"]))
        index._check_arrays()
        index._ready()
        return index

    def _check_arrays(self) -> None:
        n, n_words, letters = len(self._starts), len(self._word_starts), self._letters
        lengths: list[Array] = [self._ranks, self._by_rank, self._weights, self._shared]
        lengths.append(self._following)
        good = all(len(each) == n for each in lengths)
        good &= len(self._word_ranks) == n_words
        good &= len(letters) >= n and (n == 0 or letters[-1] == 0)
        good &= not len(letters) or int(letters.max()) < len(self._alphabet)
        for starts in (self._starts, self._word_starts):
            good &= not len(starts) or int(starts.max()) < len(letters)
        for starts, tree in (
            (self._starts, self._tree),
            (self._word_starts, self._word_tree),
        ):
            good &= len(tree) == 2 * -(-len(starts) // _BLOCK)
            good &= not len(tree) or int(tree[1:].max()) < max(len(starts), 1)
        for ranks in (self._ranks, self._word_ranks):
            kept = ranks[ranks != kernels.GONE]
            good &= not len(kept) or int(kept.max()) < n
        good &= n == 0 or int(self._by_rank.max()) < n
        good &= n == 0 or int(self._following.max()) <= n
        good &= bool((self._following > np.arange(n)).all())
        for keys, best in (self._nodes, self._word_nodes):
            kept = best[best != kernels.GONE]
            good &= len(keys) == len(best)
            good &= not len(kept) or int(kept.max()) < n
        if not good:
            raise ValueError("The arrays make no index of prefixes.")

    # --- inside -----------------------------------------------------------------------

    def _ready(self) -> None:
        """Gather what a call takes."""
        for name in self._SAVED:  # one kind of array, so that kernels compile once
            setattr(self, name, _read_only(getattr(self, name)))
        for name in self._OF_NODES:
            keys, best = getattr(self, name)
            setattr(self, name, (_read_only(keys), _read_only(best)))
        characters = map(chr, self._alphabet.tolist())
        self._number = {each: number for number, each in enumerate(characters)}
        self._entries = self._ranks, self._tree, *self._nodes
        self._word_entries = self._word_ranks, self._word_tree, *self._word_nodes

    def _query(self, text: str) -> Array:
        numbers = self._number
        return np.array([numbers.get(c, -1) or -1 for c in text], np.int64)

    def _answer(
        self, starts: Array, entries: Sequence[Array], query: Array, k: int
    ) -> list[Completion]:
        check_whole("k", k)
        found = np.empty(min(k, len(self)), np.uint32)
        n = kernels.complete(
            self._letters, starts, *entries, self._by_rank, self._ranks, query, found
        )
        return self._completions(found[:n])

    def _completions(self, ranks: Array) -> list[Completion]:
        rows = self._by_rank[ranks]
        weights = self._weights[rows].tolist()
        letters = kernels.gather(self._letters, self._starts, rows, self._alphabet)
        texts = letters.tobytes().decode("utf-32-le", "surrogatepass").split("\0")
        return list(zip(texts, weights, strict=True)) if weights else []


def _check(texts: Sequence[str], weights: Array) -> None:
    if weights.shape != (len(texts),):
        raise ValueError(
            f"{len(texts):,} texts need as many weights, got shape {weights.shape}."
        )
    if not np.isfinite(weights).all():
        raise ValueError("Weights must be finite numbers, got NaN or infinity.")
    for text in texts:
        if not text or "\0" in text:
            raise ValueError(
                f"Texts must have letters, none of them a zero character; got {text!r}."
            )


def _text(alphabet: Array, letters: Array) -> str:
    return str(alphabet[letters].tobytes().decode("utf-32-le", "surrogatepass"))


def _in_order(letters: Array, starts: Array) -> tuple[Array, Array]:
    """Letters of texts in the order of the texts, and where each begins now."""
    if not len(starts):
        return letters, starts
    ends = np.flatnonzero(letters == 0)
    own = ends[np.searchsorted(ends, starts)] + 1
    lengths = own - starts
    new_ends = np.cumsum(lengths)
    shift = np.repeat(starts.astype(np.int64) - (new_ends - lengths), lengths)
    return letters[shift + np.arange(len(shift))], (new_ends - lengths).astype(
        np.uint32
    )


def _read_only(array: Array) -> Array:
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view


def _tree_of(ranks: Array) -> Array:
    tree = np.zeros(2 * -(-len(ranks) // _BLOCK), np.uint32)
    if len(ranks):
        kernels.build_tree(ranks, tree)
    return tree


def _nodes_of(shared: Array, ranks: Array, tree: Array) -> tuple[Array, Array]:
    """Keys of the large ranges, rising, and the best ranks of each."""
    none = np.empty((2, 0), np.int64)
    n = kernels.large_nodes(shared, _LEAST, *none) if len(ranks) else 0
    lows, highs = np.empty((2, n), np.int64)
    if n:
        kernels.large_nodes(shared, _LEAST, lows, highs)
    keys = lows.astype(np.uint64) << np.uint64(32) | highs.astype(np.uint64)
    order = np.argsort(keys)
    best = np.empty((n, _STORED), np.uint32)
    kernels.best_of_nodes(ranks, tree, lows[order], highs[order], best)
    return keys[order], best
