"""Did you mean: words and queries put right, from a vocabulary with counts.

A word that was typed is a right word sent through a noisy channel:
``argmax log p(word) - cost(typed, word)`` over all words within two edits, where the
cost of an edit is minus the logarithm of how often people make it, learned from pairs
of wrong and right words (Kernighan, Church and Gale 1990). In a query each word also
follows the one before it; the likeliest sequence is found by Viterbi's algorithm.
"""

import re
from collections import Counter, defaultdict
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
_FOR_ANOTHER, _PRIOR = 5, 50
_PARTS = re.compile(r"(\W*)(.*?)(\W*)")  # a word, and signs before and behind it
_KEPT, _A_LETTER = 12, 1.5
_SLIP = 8.5  # of a finger: nothing is rarer
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
        Of any extra letter, any missing one, one that doubles the one before it, one
        that is missing there, an exchange, and what the first letter of a word adds.
    substitutions, extra, missing : dict of (str, str) to float
        Of a typed letter for a right one; of a letter too much behind a typed one; of
        one left out behind a right one ("" begins a word): the confusion matrices of
        Kernighan, Church and Gale. What is not there costs ``other`` or ``edits``.

    Notes
    -----
    A rare pair of letters backs off to the letter, and that to all letters, as
    ``(n + s p) / (N + s)`` for n of N cases, the shorter probability p, and s = 50.

    Examples
    --------
    >>> costs = EditCosts([("recieve", "receive"), ("seperate", "separate")] * 9)
    >>> bool(costs.edits[4] < costs.edits[0])
    True
    >>> costs.substitutions["e", "a"] < costs.other
    True
    """

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        pairs = [pair for pair in pairs if count_edits(*pair, 2) <= 2]
        self.edits = np.array(_EDIT_COSTS)
        self.substitutions: dict[tuple[str, str], float] = {}
        self.extra: dict[tuple[str, str], float] = {}
        self.missing: dict[tuple[str, str], float] = {}
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
        """Count edits, and how often each could have been made."""
        made: dict[int, Counter[tuple[str, str]]] = defaultdict(Counter)
        singles, doubles = Counter[str](), Counter[tuple[str, str]]()
        firsts = edits = 0
        for wrong, right in pairs:
            singles.update(right)
            singles[""] += 1
            doubles.update(pairwise(["", *right]))
            for kind, at, a, b in _edits_of(wrong, right):
                made[kind][a, b] += 1
                edits += 1
                firsts += at == 0
        letters = sum(singles.values()) - singles[""]
        twice = sum(n for (a, b), n in doubles.items() if a == b)
        chances = np.array([letters, letters, letters, twice, letters]) + 1.0
        counts = np.array([sum(made[kind].values()) + 0.5 for kind in range(5)])
        self.edits[:5] = -np.log(counts / np.maximum(chances, counts * 1.01))
        # An edit of a first letter is rarer than of any other one by this.
        share, expected = (firsts + 0.5) / (edits + 1), len(pairs) / max(letters, 1)
        self.edits[5] = max(0.0, float(np.log(expected / share)))
        kinds = max(len(singles) - 1, 2)
        rate = (sum(made[_FOR_ANOTHER].values()) + 1) / max(letters, 1) / kinds / 4
        self.other = min(float(-np.log(rate)), _SLIP)
        self.substitutions = {
            (a, b): _cost(n, singles[b], rate)
            for (a, b), n in made[_FOR_ANOTHER].items()
        }
        self._learn_extra(made[0] + made[2], singles, letters)
        self._learn_missing(made[1] + made[3], singles, doubles)

    def _learn_extra(
        self, made: Counter[tuple[str, str]], singles: Counter[str], letters: int
    ) -> None:
        """What a letter too much costs, behind each letter that may be typed."""
        of_letter, total = Counter[str](), sum(made.values())
        for (_, letter), n in made.items():
            of_letter[letter] += n
        every = (total + 1) / max(letters, 1) / max(len(singles) - 1, 1)
        for letter in filter(None, singles):
            rate = _backed_off(of_letter[letter], letters, every)
            for before in singles:
                n = made[before, letter]
                self.extra[before, letter] = _cost(n, singles[before], rate)

    def _learn_missing(
        self,
        made: Counter[tuple[str, str]],
        singles: Counter[str],
        doubles: Counter[tuple[str, str]],
    ) -> None:
        """What it costs to leave a letter out, behind each letter."""
        of_letter, total = Counter[str](), sum(made.values())
        for (_, letter), n in made.items():
            of_letter[letter] += n
        every = (total + 1) / max(sum(singles.values()), 1)
        for letter in filter(None, singles):
            rate = _backed_off(of_letter[letter], singles[letter], every)
            for before in singles:
                n = made[before, letter]
                chances = doubles[before, letter]
                self.missing[before, letter] = _cost(n, chances, rate)


def _backed_off(made: int, chances: int, shorter: float) -> float:
    return min((made + _PRIOR * shorter) / (chances + _PRIOR), 0.99)


def _cost(made: int, chances: int, shorter: float) -> float:
    return min(float(-np.log(_backed_off(made, chances, shorter))), _SLIP)


def _edits_of(wrong: str, right: str) -> list[tuple[int, int, str, str]]:
    """The edits between two words: kind, place, and letters.

    Kinds are those of ``EditCosts.edits``, and 5 for a letter in place of another. The
    letters are the typed and the right one; of one too much or left out, the one before
    it and itself. Of two equal letters the second is the one too much.
    """
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
    found: list[tuple[int, int, str, str]] = []
    i, j = n, m
    while i or j:
        a, b = wrong[i - 1 : i] if i else "", right[j - 1 : j] if j else ""
        before_a = wrong[i - 2] if i > 1 else ""
        before_b = right[j - 2] if j > 1 else ""
        here = rows[i][j]
        is_extra = i > 0 and here == rows[i - 1][j] + 1
        is_missing = j > 0 and here == rows[i][j - 1] + 1
        swapped = i > 1 and j > 1 and before_a + a == b + before_b and a != b
        if swapped and here == rows[i - 2][j - 2] + 1:
            found.append((4, j - 2, a, b))
            i, j = i - 2, j - 2
        elif is_extra and (a == before_a or not j):
            found.append((2 if a == before_a else 0, i - 1, before_a, a))
            i -= 1
        elif is_missing and (b == before_b or not i):
            found.append((3 if b == before_b else 1, j - 1, before_b, b))
            j -= 1
        elif i and j and here == rows[i - 1][j - 1] + (a != b):
            if a != b:
                found.append((_FOR_ANOTHER, j - 1, a, b))
            i, j = i - 1, j - 1
        elif is_extra:
            found.append((0, i - 1, before_a, a))
            i -= 1
        else:
            found.append((1, j - 1, before_b, b))
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

    unknown : float, default=8
        Minus the logarithm of how likely a query has a word that is not known, less 1.5
        for each of its letters.
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
        unknown: float = 8.0,
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
        bits = np.left_shift(np.int64(1), self._letters.astype(np.int64) & 63)
        bits[ends] = 0
        self._masks = np.bitwise_or.reduceat(bits, self._starts)
        characters = [chr(point) for point in alphabet.tolist()]
        self._number = {each: at for at, each in enumerate(characters)}
        n = len(characters)
        self._costs = costs.edits[4:].copy()
        self._sub = np.full((n + 1, n + 1), costs.other)
        self._extra, self._missing = (
            np.full((n + 1, n + 1), costs.edits[at]) for at in (0, 1)
        )
        np.fill_diagonal(self._extra, costs.edits[2])
        np.fill_diagonal(self._missing, costs.edits[3])
        number = {**self._number, "": 0}
        for table, known in (
            (self._sub, costs.substitutions),
            (self._extra, costs.extra),
            (self._missing, costs.missing),
        ):
            for (a, b), cost in known.items():
                if a in number and b in number:
                    table[number[a], number[b]] = cost

    def __contains__(self, word: str) -> bool:
        return word in self._row

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        arrays = (self._hashes, self._owners, self._first, self._letters, self._starts)
        return sum(
            a.nbytes
            for a in (*arrays, self._lengths, self._masks, self._likely, self._counts)
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
            *(typed, self._letters, self._starts, self._lengths, self._masks),
            *(self._likely, self._hashes, self._owners, self._first, self._costs),
            *(self._sub, self._extra, self._missing, rows, scores),
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
        parts = [_PARTS.fullmatch(word) for word in query.split()]
        best: dict[str, tuple[float, tuple[str, ...]]] = {"": (0.0, ())}
        for part in parts:
            assert part is not None
            reached: dict[str, tuple[float, tuple[str, ...]]] = {}
            for words, cost in self._candidates(part[2]):
                meant = part[1] + " ".join(words) + part[3]
                for before, (score, path) in best.items():
                    total, last = score - cost, before
                    for each in words:
                        total += self._after(last, each)
                        last = each
                    if last not in reached or total > reached[last][0]:
                        reached[last] = total, (*path, meant)
            kept = sorted(reached.items(), key=lambda each: -each[1][0])[:_KEPT]
            best = dict(kept)
        return " ".join(max(best.values(), key=lambda each: each[0])[1]) or query

    def _candidates(self, word: str) -> list[tuple[tuple[str, ...], float]]:
        """What a word may have been meant as, with the costs."""
        if not word.isalpha() or len(word) < 3:
            return [((word,), 0.0)]
        is_known = word in self._row
        found: list[tuple[tuple[str, ...], float]]
        found = [((word,), 0.0)]
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
        if row is None:
            return -self.unknown - _A_LETTER * len(word)
        likely = float(np.log(self._counts[row] / self._total))
        together = self._pairs.get((before, word))
        if together is None:
            return likely + (_BACK_OFF if before in self._row and self._pairs else 0.0)
        own = self._counts[self._row[before]] if before in self._row else self._total
        return float(max(np.log(min(together / own, 1.0)), likely + _BACK_OFF))
