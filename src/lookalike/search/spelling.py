"""Did you mean: words and queries put right, from a vocabulary with counts.

A word that was typed is a right word sent through a noisy channel:
``argmax log p(word) - cost(typed, word)`` over all words within two edits, where the
cost of an edit is minus the logarithm of how often people make it, learned from pairs
of wrong and right words (Kernighan, Church and Gale 1990). In a query each word also
follows the one before it; the likeliest sequence is found by Viterbi's algorithm.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np

from lookalike._checks import check_positive, check_whole
from lookalike.kernels import spelling as kernels
from lookalike.search.prefix.edits import count_edits
from lookalike.search.prefix.letters import letters_of

_VOWELS = "aeiouy"
_ALIKE = ("cksqxz", "gj", "fvp", "mn", "dt", "bp", "vw", "sz", "rl")
_ALIKE_COST, _VOWEL_COST, _OTHER_COST = 5.5, 4.5, 8.0
_BACK_OFF = float(np.log(0.4))
_EDIT_COSTS = (6.0, 6.0, 4.0, 4.0, 5.0, 2.5)


class EditCosts:
    """What each edit of a letter costs: minus the logarithm of how often it is made.

    Parameters
    ----------
    pairs : iterable of (str, str)
        Wrong and right words to learn from; those more than two edits apart play no
        part. Without any, costs are those of an English guess.

    Attributes
    ----------
    edits : float64 (6,)
        Of an extra letter, a missing one, one that doubles the one before it, one that
        is missing there, an exchange, and what the first letter of a word adds.
    substitutions : dict of (str, str) to float
        Of a typed letter for a right one; others cost ``other``.

    Examples
    --------
    >>> costs = EditCosts([("recieve", "receive"), ("seperate", "separate")] * 9)
    >>> bool(costs.edits[4] < costs.edits[0])
    True
    >>> costs.substitutions["e", "a"] < costs.other
    True
    """

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        pairs = list(pairs)
        self.edits = np.array(_EDIT_COSTS)
        self.substitutions: dict[tuple[str, str], float] = {}
        self.other = _OTHER_COST
        if pairs:
            self._learn(pairs)
        else:
            self._guess()

    def _guess(self) -> None:
        for group in _ALIKE:
            for a in group:
                for b in group:
                    self.substitutions[a, b] = _ALIKE_COST
        for a in _VOWELS:
            for b in _VOWELS:
                self.substitutions[a, b] = _VOWEL_COST

    def _learn(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Count the edits of pairs that are one apart, or two that stand apart."""
        made = np.full(5, 0.5)
        swapped: dict[tuple[str, str], float] = {}
        letters, chances, firsts, edits = 0, np.full(5, 1.0), 0.5, 1.0
        for wrong, right in pairs:
            if count_edits(wrong, right, 2) > 2:
                continue
            letters += len(right)
            doubles = sum(a == b for a, b in pairwise(right))
            chances += [len(right), len(right), len(right), doubles, len(right)]
            for kind, at, a, b in _edits_of(wrong, right):
                edits += 1
                firsts += at == 0
                if kind == 5:
                    swapped[a, b] = swapped.get((a, b), 0.0) + 1
                else:
                    made[kind] += 1
        self.edits[:5] = -np.log(made / np.maximum(chances, made * 1.01))
        # An edit of a first letter is rarer than of any other one by this.
        share, expected = firsts / edits, sum(1 for _ in pairs) / max(letters, 1)
        self.edits[5] = max(0.0, np.log(max(expected, 1e-9) / share))
        total: dict[str, float] = {}
        for _, right in pairs:
            for b in right:
                total[b] = total.get(b, 0.0) + 1
        kinds = max(len(total), 2)
        rate = (sum(swapped.values()) + 1) / max(letters, 1)
        self.other = float(-np.log(rate / kinds / 4))
        for (a, b), n in swapped.items():
            prior = rate / kinds / 4
            self.substitutions[a, b] = float(
                -np.log((n + 50 * prior) / (total.get(b, 1.0) + 50))
            )


def _edits_of(wrong: str, right: str) -> list[tuple[int, int, str, str]]:
    """The edits between two words: kind, place in the right one, and letters."""
    n, m = len(wrong), len(right)
    rows = [list(range(m + 1))]
    for i in range(1, n + 1):
        row = [i]
        for j in range(1, m + 1):
            cost = min(
                rows[i - 1][j - 1] + (wrong[i - 1] != right[j - 1]),
                rows[i - 1][j] + 1,
                row[j - 1] + 1,
            )
            if i > 1 and j > 1 and wrong[i - 2 : i] == right[j - 2 : j][::-1]:
                cost = min(cost, rows[i - 2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    found, i, j = [], n, m
    while i or j:
        a, b = wrong[i - 1 : i] if i else "", right[j - 1 : j] if j else ""
        here = rows[i][j]
        swapped = i > 1 and j > 1 and wrong[i - 2 : i] == right[j - 2 : j][::-1]
        if swapped and a != b and here == rows[i - 2][j - 2] + 1:
            found.append((4, j - 2, a, b))
            i, j = i - 2, j - 2
        elif i and j and here == rows[i - 1][j - 1] + (a != b):
            if a != b:
                found.append((5, j - 1, a, b))
            i, j = i - 1, j - 1
        elif i and here == rows[i - 1][j] + 1:
            twice = a in (wrong[i - 2 : i - 1] if i > 1 else "", wrong[i : i + 1])
            found.append((2 if twice else 0, j, a, ""))
            i -= 1
        else:
            twice = b in (right[j - 2 : j - 1] if j > 1 else "", right[j : j + 1])
            found.append((3 if twice else 1, j - 1, "", b))
            j -= 1
    return found


class SpellingCorrector:
    """Put words and queries right, from a vocabulary with counts.

    Parameters
    ----------
    words : mapping of str to float
        How often each right word is used.
    pairs : mapping of (str, str) to float, optional
        How often a word follows another, on the scale of ``words``.
    costs : EditCosts, optional
        What edits cost; the default is a guess for English.
    known : float, default=8
        How much likelier another word must be than a known one, as a logarithm, for
        the known one to be taken as misspelt in a query.

    unknown : float, default=6
        What it costs a query to keep a word that is not known.
    prior : float, default=0.6
        Weight of the logarithm of a word's share against the costs of edits.

    Notes
    -----
    Memory: about 230 bytes a word. Cost of a word: the words that share what is left
    of the first seven letters when two at most are deleted.

    Examples
    --------
    >>> corrector = SpellingCorrector({"receive": 90, "relieve": 20, "mail": 50})
    >>> [corrector.correct(word) for word in ("recieve", "mail", "xyz")]
    ['receive', 'mail', 'xyz']
    >>> corrector.correct_query("recieve mial")
    'receive mail'
    """

    def __init__(
        self,
        words: Mapping[str, float],
        pairs: Mapping[tuple[str, str], float] | None = None,
        costs: EditCosts | None = None,
        known: float = 8.0,
        unknown: float = 6.0,
        prior: float = 0.6,
    ) -> None:
        check_positive("known", known, zero=True)
        check_positive("unknown", unknown, zero=True)
        check_positive("prior", prior, zero=True)
        self.unknown = unknown
        self.known = known
        self.words = [word for word in sorted(words) if word and "\0" not in word]
        if not self.words:
            raise ValueError("A vocabulary must have words, got none.")
        counts = np.array([words[word] for word in self.words], np.float64)
        if not np.isfinite(counts).all() or (counts <= 0).any():
            raise ValueError("Counts of words must be finite numbers above 0.")
        self._row = {word: row for row, word in enumerate(self.words)}
        self._total = float(counts.sum())
        self._counts, self._rarest = counts, float(counts.min())
        self._pairs = dict(pairs or {})
        self._fit_letters(costs or EditCosts())
        self._likely = prior * np.log(counts / self._total)
        n = len(self.words)
        hashes, owners = np.empty((2, 29 * n), np.uint32)
        found = kernels.deletions(self._letters, self._starts, hashes, owners)
        order = np.argsort(hashes[:found], kind="stable")
        self._hashes, self._owners = hashes[order], owners[order]
        self._first = np.empty(kernels.N_BUCKETS + 1, np.int64)
        kernels.buckets(self._hashes, self._first)

    def _fit_letters(self, costs: EditCosts) -> None:
        self._letters, alphabet = letters_of(self.words)
        ends = np.flatnonzero(self._letters == 0)
        self._starts = np.concatenate([[0], ends[:-1] + 1]).astype(np.int64)
        self._lengths = (ends - self._starts).astype(np.int64)
        characters = [chr(point) for point in alphabet.tolist()]
        self._number = {each: at for at, each in enumerate(characters)}
        n = len(characters)
        self._sub = np.full((n + 1, n + 1), costs.other)
        for (a, b), cost in costs.substitutions.items():
            if a in self._number and b in self._number:
                self._sub[self._number[a], self._number[b]] = cost
        self._costs = costs.edits

    def __contains__(self, word: str) -> bool:
        return word in self._row

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        arrays = (self._hashes, self._owners, self._first, self._letters, self._starts)
        return sum(
            a.nbytes for a in (*arrays, self._lengths, self._likely, self._counts)
        )

    def suggest(self, word: str, k: int = 5) -> list[tuple[str, float]]:
        """Return the k words that were likeliest meant, with their log-scores.

        Only words within two edits; the word itself is among them if it is known.
        """
        check_whole("k", k)
        unknown = len(self._number)
        typed = np.array([self._number.get(c) or unknown for c in word], np.int64)
        rows, scores = np.empty(k, np.int64), np.empty(k)
        n = kernels.corrections(
            *(typed, self._letters, self._starts, self._lengths, self._likely),
            *(self._hashes, self._owners, self._first, self._costs, self._sub),
            *(rows, scores),
        )
        texts = [self.words[row] for row in rows[:n].tolist()]
        return list(zip(texts, scores[:n].tolist(), strict=True))

    def correct(self, word: str) -> str:
        """Return the word that was likeliest meant; itself, if known or alone."""
        if word in self._row or not word:
            return word
        found = self.suggest(word, 1)
        return found[0][0] if found else word

    def correct_query(self, query: str) -> str:
        """Return the query that was likeliest meant; words keep their order.

        Words with a digit, and those that are not letters, stay as they are.
        """
        typed = query.split()
        if not typed:
            return query
        best: dict[str, tuple[float, tuple[str, ...]]] = {"": (0.0, ())}
        for word in typed:
            own = self._candidates(word)
            reached: dict[str, tuple[float, tuple[str, ...]]] = {}
            for words, cost in own:
                for before, (score, path) in best.items():
                    total, last = score - cost, before
                    for each in words:
                        total += self._after(last, each)
                        last = each
                    if last not in reached or total > reached[last][0]:
                        reached[last] = total, (*path, *words)
            kept = sorted(reached.items(), key=lambda each: -each[1][0])[:12]
            best = dict(kept)
        return " ".join(max(best.values(), key=lambda each: each[0])[1])

    def _candidates(self, word: str) -> list[tuple[tuple[str, ...], float]]:
        """What a word may have been meant as, with the costs."""
        if not word.isalpha() or len(word) < 3:
            return [((word,), 0.0)]
        is_known = word in self._row
        found: list[tuple[tuple[str, ...], float]]
        found = [((word,), 0.0 if is_known else self.unknown)]
        price = self.known if is_known else 0.0
        for other, score in self.suggest(word, 8):
            if other != word:
                found.append(
                    ((other,), price + float(self._likely[self._row[other]]) - score)
                )
        if not is_known:
            for at in range(2, len(word) - 1):
                pair = word[:at], word[at:]
                if pair in self._pairs:
                    found.append((pair, 4.0))
        return found

    def _after(self, before: str, word: str) -> float:
        """The log-probability of a word behind another one."""
        row = self._row.get(word)
        n = self._rarest if row is None else float(self._counts[row])
        likely = float(np.log(n / self._total))
        together = self._pairs.get((before, word))
        if together is None:
            return likely + (_BACK_OFF if before in self._row and self._pairs else 0.0)
        own = self._counts[self._row[before]] if before in self._row else self._total
        return float(max(np.log(min(together / own, 1.0)), likely + _BACK_OFF))
