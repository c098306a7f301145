"""Suggestions while one types: what many asked, and what nobody asked yet.

How likely a query is follows from how often it was asked: by the user, by the country
and by all, each backing off to the next, and from the words it is made of. A query is
suggested once enough people asked it, and words and endings are learned from such
queries alone, so that nobody's own words come to light. What is blocked is never
suggested.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from lookalike._checks import check_positive, check_whole
from lookalike._texts import Texts
from lookalike._typing import Array, Floats
from lookalike.features.text import TextNormaliser
from lookalike.search.prefix import completion_order as order
from lookalike.search.prefix.blocked import BlockedPhrases
from lookalike.search.prefix.counts import Asked, AskedCounts
from lookalike.search.prefix.index import PrefixIndex
from lookalike.search.prefix.word_model import WordModel

LONGEST = 200
"""Letters that a query may have; longer ones are not counted."""
TYPED = 6
"""Letters after which the order of completions is learned."""
_HELD_OUT = 5_000  # askings from which it is, at most
_POOL = 20  # likeliest asked ones that are put in order, at least
_NORMALISE = TextNormaliser()


def normalise(query: str) -> str:
    """Return a query as it is counted: one Unicode form, one case, single blanks.

    Examples
    --------
    >>> normalise("  New   YORK ")
    'new york'
    """
    return _NORMALISE(query)


def normalise_typed(typed: str) -> str:
    """Return what was typed likewise; a blank behind it stays, as it ends a word.

    Examples
    --------
    >>> normalise_typed(" New "), normalise_typed("   ")
    ('new ', '')
    """
    found = _NORMALISE(typed)
    return f"{found} " if found and typed[-1:].isspace() else found


@dataclass(frozen=True)
class Suggestion:
    """A query that may be what is being typed.

    score : how likely it is, higher is better among suggestions of one kind
    kind : "asked" begins with what was typed; "unseen" too, and nobody asked it yet;
        "spelling" begins with nearly that; "within" has a word that begins so
    """

    query: str
    score: float
    kind: str


class Suggester:
    """Queries that were asked, completed from what is typed.

    Parameters
    ----------
    min_people : int, default=5
        How many people must have asked a query before it is suggested. Of data that
        name no users every asking is one of another person, and 1 is enough there.
    half_life : float, default=30
        Days after which an asking counts half.
    user_weight, country_weight : float, default=20 and 1,000
        Askings of a user, and of a country, that count as much as what they back off
        to.
    asked_weight : float, default=0.5
        Weight of how often a query was asked against how likely its words are.
    unseen : bool, default=True
        Whether queries are suggested that nobody asked yet.
    blocked : sequence of str
        Phrases that are in no suggestion.

    Examples
    --------
    >>> asked = [Asked(q, user) for q in ("weather rome", "web") for user in "abcde"]
    >>> suggester = Suggester(blocked=["casino"]).fit(asked + [Asked("wedding", "a")])
    >>> [(each.query, each.kind) for each in suggester.suggest("we")]
    [('web', 'asked'), ('weather rome', 'asked'), ('weather', 'unseen')]
    >>> suggester.add([Asked("wedding", user) for user in "bcde"])
    >>> [(each.query, each.kind) for each in suggester.suggest("wed", k=2)]
    [('wedding', 'asked'), ('weather rome', 'spelling')]
    >>> [(each.query, each.kind) for each in suggester.suggest("wetaher r", k=2)]
    [('weather rome', 'spelling'), ('wetaher rome', 'unseen')]
    """

    counts_: AskedCounts
    order_: Floats
    blocked_: BlockedPhrases

    def __init__(
        self,
        min_people: int = 5,
        half_life: float = 30.0,
        user_weight: float = 20.0,
        country_weight: float = 1_000.0,
        asked_weight: float = 0.5,
        unseen: bool = True,
        blocked: Sequence[str] = (),
    ) -> None:
        self.min_people = min_people
        self.half_life = half_life
        self.user_weight = user_weight
        self.country_weight = country_weight
        self.asked_weight = asked_weight
        self.unseen = unseen
        self.blocked = blocked

    def fit(self, asked: Iterable[Asked]) -> Self:
        """Count what was asked, and learn the order of completions.

        asked : in the order in which it was asked; the last tenth, and at most 5,000
            askings, tell how those before them are to be completed
        """
        self._check()
        rows = list(map(_normalised, asked))
        self.order_ = order.UNLEARNED
        n = min(len(rows) // 10, _HELD_OUT)
        if self.unseen and n >= order.LEAST:
            self._fit(AskedCounts(rows[:-n], self.half_life))
            self.order_ = self._learned_order(rows[-n:])
        return self._fit(AskedCounts(rows, self.half_life))

    def _learned_order(self, later: Sequence[Asked]) -> Floats:
        """Weights of features, from what was asked after all that is counted."""
        lists, meant = [], []
        for each in later:
            if len(each.query) <= TYPED:
                continue
            typed = each.query[:TYPED]
            found = self._completions(typed, 1, each.user, each.country)
            if each.query in found.queries:
                lists.append(order.features_of(typed, found, self.asked_weight))
                meant.append(found.queries.index(each.query))
        return order.learn_weights(lists, meant)

    def _check(self) -> None:
        check_whole("min_people", self.min_people)
        for name in ("half_life", "user_weight", "country_weight"):
            check_positive(name, getattr(self, name))
        if not 0 < self.asked_weight <= 1:
            raise ValueError(
                "asked_weight must be above 0 and at most 1, got "
                f"{self.asked_weight!r}."
            )

    def _fit(self, counts: AskedCounts) -> Self:
        self.counts_ = counts
        least = self.least_people
        totals, people = counts.totals(), counts.people()
        words = [bool(query) and len(query) <= LONGEST for query in counts.queries]
        enough = np.flatnonzero((people >= least) & np.array(words, bool))
        self.blocked_ = BlockedPhrases(self.blocked)
        kept = [
            at for at in enough.tolist() if not self._is_blocked(counts.queries[at])
        ]
        names = [counts.queries[at] for at in kept]
        self._index = PrefixIndex(names, totals[kept])
        self._fit_countries(set(kept))
        learned = kept if self.unseen else []
        self._words = WordModel({counts.queries[at]: int(people[at]) for at in learned})
        self._ready()
        return self

    def _fit_countries(self, kept: set[int]) -> None:
        """One index a country, of what was asked there."""
        counts = self.counts_
        totals, everything = counts.totals(), max(float(counts.weights.sum()), 1e-300)
        self._countries: dict[str, tuple[PrefixIndex, float]] = {}
        for number, name in enumerate(counts.countries):
            rows = np.flatnonzero(counts.country == number)
            if not name or not len(rows):
                continue
            sums: dict[int, float] = {}
            for row in rows.tolist():
                at = int(counts.query[row])
                sums[at] = sums.get(at, 0.0) + float(counts.weights[row])
            shared = self.country_weight / everything
            own = {at: n + shared * totals[at] for at, n in sums.items() if at in kept}
            texts = [counts.queries[at] for at in own]
            index = PrefixIndex(texts, list(own.values()), words=False)
            self._countries[name] = index, float(counts.weights[rows].sum())

    def _ready(self) -> None:
        self._everything = max(float(self.counts_.weights.sum()), 1e-300)
        self._lock = threading.Lock()
        self._live = AskedCounts([], self.half_life, self.counts_.reference)
        self._live_asked: list[Asked] = []
        self._state = self._index, PrefixIndex([], []), self._everything

    @property
    def least_people(self) -> int:
        """How many people must have asked a query of the data."""
        return self.min_people if self.counts_.names_users else 1

    # --- answers ----------------------------------------------------------------------

    def suggest(
        self, typed: str, k: int = 10, user: str = "", country: str = ""
    ) -> list[Suggestion]:
        """Return at most k suggestions, the likeliest first.

        Queries that begin with what was typed come first, then those that begin with
        nearly that (two edits from six letters on, one from three on), then those in
        which another word begins so. Behind a word that no query has, which may be
        misspelt, queries that nobody asked come last.
        """
        check_whole("k", k)
        typed = normalise_typed(typed)
        found, last = self._beginning(typed, k, user, country), []
        if self.unseen and not self._words.knows(typed.rpartition(" ")[0]):
            last = [each for each in found if each.kind == "unseen"]
            found = [each for each in found if each.kind != "unseen"]
        seen = {each.query for each in found + last}
        edits = 0 if len(typed) < 3 else 1 if len(typed) < 6 else 2
        for kind, more in (
            ("spelling", lambda index, n: index.near(typed, n, edits) if edits else []),
            ("within", lambda index, n: index.within(typed, n) if typed else []),
        ):
            if len(found) >= k:
                break
            for query, weight in self._merged(more, k + len(seen)):
                if query not in seen and len(found) < k:
                    seen.add(query)
                    score = weight / self._state[2]
                    found.append(Suggestion(query, score, kind))
        return (found + last)[:k]

    def _beginning(
        self, typed: str, k: int, user: str, country: str
    ) -> list[Suggestion]:
        """What begins with what was typed, asked before or not."""
        completions = self._completions(typed, k, user, country)
        features = order.features_of(typed, completions, self.asked_weight)
        scores = np.exp(np.minimum(features @ self.order_, 700.0)).tolist()
        rows = list(zip(scores, completions.queries, completions.shares, strict=True))
        rows.sort(key=lambda row: (-row[0], row[1]))
        found = []
        for score, query, share in rows:
            if share > 0:
                found.append(Suggestion(query, score, "asked"))
            elif not self._is_blocked(query):
                found.append(Suggestion(query, score, "unseen"))
            if len(found) == k:
                break
        return found

    def _completions(
        self, typed: str, k: int, user: str, country: str
    ) -> order.Completions:
        """What may be in the answer: the likeliest asked ones, and unseen ones."""
        asked = dict(self.asked_before(typed, max(k, _POOL) + 1, user, country))
        asked.pop(typed, None)  # there is nothing to complete
        queries = list(asked)
        if self.unseen and typed:
            # What is known and not among them stands behind, or too few asked it.
            known, live = self.counts_.positions, self._live.positions
            queries += [
                query
                for query in self._words.completions(typed)
                if query not in known and query not in live
            ]
        shares = np.zeros(len(queries))
        shares[: len(asked)] = list(asked.values())
        likely = np.zeros(len(queries))
        if self.unseen:
            likely = self._words.probabilities(queries, typed)
        return order.Completions(queries, shares, likely)

    def asked_before(
        self, typed: str, k: int = 10, user: str = "", country: str = ""
    ) -> list[tuple[str, float]]:
        """Return the k likeliest queries that begin so, with their probabilities.

        Of a user: ``(n_user(q) + u p_country(q)) / (n_user + u)`` with u askings of
        ``user_weight``, and ``p_country`` likewise with ``country_weight`` and the
        share of all askings. (Zhai and Lafferty 2004: Dirichlet priors.)
        """
        base, live, everything = self._state
        own = self.counts_.of_user(user)
        mine = {q: n for q, n in own.items() if q.startswith(typed)}
        in_country = self._countries.get(country)
        everywhere = self._merged(lambda index, n: index.complete(typed, n), k)
        found = {query: n / everything for query, n in everywhere}
        for query in mine:
            n = live.weight(query) or base.weight(query)
            if n is not None and not self._is_blocked(query):
                found.setdefault(query, n / everything)
        if in_country is not None:
            index, total = in_country
            own_top = self._unblocked(lambda n: index.complete(typed, n), k)
            # Beside the country's own queries the best of all others are enough.
            others = self._merged(
                lambda each, n: each.complete(typed, n), k, index.weight
            )
            candidates = {q for q, _ in own_top} | {q for q, _ in others} | set(found)
            spread = total + self.country_weight
            shares = {}
            for query in candidates:
                n = live.weight(query) or base.weight(query)
                if n is None:
                    continue
                asked = index.weight(query)
                if asked is None:
                    asked = self.country_weight * n / everything
                shares[query] = asked / spread
            found = shares
        if own:
            total = sum(own.values()) + self.user_weight
            found = {
                query: (mine.get(query, 0.0) + self.user_weight * share) / total
                for query, share in found.items()
            }
        return sorted(found.items(), key=lambda each: (-each[1], each[0]))[:k]

    def _merged(
        self,
        ask: Callable[[PrefixIndex, int], list[tuple[str, float]]],
        k: int,
        passed_over: Callable[[str], Any] | None = None,
    ) -> list[tuple[str, float]]:
        """The k best of the base and of what changed, blocked ones left out."""
        base, live, _ = self._state
        found = self._unblocked(lambda n: ask(base, n), k, passed_over)
        if not len(live):
            return found
        found += self._unblocked(lambda n: ask(live, n), k, passed_over)
        return sorted(found, key=lambda each: (-each[1], each[0]))[:k]

    def _unblocked(
        self,
        ask: Callable[[int], list[tuple[str, float]]],
        k: int,
        passed_over: Callable[[str], Any] | None = None,
    ) -> list[tuple[str, float]]:
        n = k
        while True:
            found = ask(n)
            kept = [
                pair
                for pair in found
                if not self._is_blocked(pair[0])
                and (passed_over is None or passed_over(pair[0]) is None)
            ]
            if len(kept) >= k or len(found) < n:
                return kept[:k]
            n *= 4

    def _is_blocked(self, query: str) -> bool:
        return self.blocked_.found_in(query) is not None

    def explain(
        self, typed: str, query: str, user: str = "", country: str = ""
    ) -> list[str]:
        """Return sentences that say why a query is suggested, or why not."""
        query, typed = normalise(query), normalise_typed(typed)
        phrase = self.blocked_.found_in(query)
        if phrase is not None:
            return [f"It is never suggested: it holds the blocked phrase {phrase!r}."]
        base, live, everything = self._state
        n, people = self.weight(query), self.people(query)
        weight = live.weight(query) or base.weight(query)
        reasons = []
        if weight is None and people:
            return [
                f"It is not suggested yet: {people} of the {self.min_people} people "
                "that it takes asked it."
            ]
        if weight is not None:
            reasons.append(
                f"{people:,} people asked it; it counts {n:,.1f} of {everything:,.1f}, "
                f"as askings count half after {self.half_life:g} days"
            )
        elif self.unseen:
            [chance] = self._words.probabilities([query])
            reasons.append(
                f"nobody asked it yet; its words follow each other in what was asked: "
                f"probability {chance:.2g}"
            )
        if country in self._countries:
            index, total = self._countries[country]
            asked = index.weight(query)
            shared = self.country_weight * (weight or 0) / everything
            own = 0.0 if asked is None else asked - shared
            reasons.append(f"{own:,.1f} of {total:,.1f} in {country}")
        mine = self.counts_.of_user(user).get(query)
        if mine is not None:
            reasons.append(f"this user asked it before ({mine:,.1f})")
        if typed and not query.startswith(typed):
            near = dict(self._state[0].near(typed, 50, 2)).keys()
            reasons.append(
                "what was typed is a few edits away from its beginning"
                if query in near
                else "a word within it begins with what was typed"
                if f" {typed}" in query
                else "it does not begin with what was typed"
            )
        return reasons

    def people(self, query: str) -> int:
        """How many people asked a query."""
        base, live = self.counts_, self._live
        users = base.users_of(query) | live.users_of(query)
        unnamed = 0
        at = base.position(query)
        if at is not None and "" in users:
            low, high = np.searchsorted(base.query, [at, at + 1])
            rows = np.arange(low, high)
            named = np.array([bool(base.users[u]) for u in base.user[rows].tolist()])
            unnamed = int(base.times[rows][~named].sum())
        return len(users - {""}) + unnamed

    def weight(self, query: str) -> float:
        """The decayed count of a query, asked by enough people or not."""
        found = 0.0
        for counts in (self.counts_, self._live):
            at = counts.position(query)
            if at is not None:
                low, high = np.searchsorted(counts.query, [at, at + 1])
                found += float(counts.weights[low:high].sum())
        return found

    # --- changes ----------------------------------------------------------------------

    def add(self, asked: Iterable[Asked]) -> None:
        """Count further askings at once.

        Answers that are being made are not disturbed. Where the data named no times,
        none counts more than another. An asking of somebody who is not known counts
        for no person. Cost: that of an index of all queries that changed since ``fit``.
        """
        with self._lock:
            timeless = not self.counts_.reference
            for each in map(_normalised, asked):
                self._live_asked.append(replace(each, time=None) if timeless else each)
            live = AskedCounts(self._live_asked, self.half_life, self.counts_.reference)
            self._live = live
            kept = []
            for query in live.queries:
                fits = query and len(query) <= LONGEST
                if fits and (
                    self._was_released(query) or self.people(query) >= self.min_people
                ):
                    kept.append(query)
            weights = [self.weight(query) for query in kept]
            self._state = (
                self._index.without(kept),
                PrefixIndex(kept, weights),
                self._everything + float(live.weights.sum()),
            )

    def _was_released(self, query: str) -> bool:
        return self._index.weight(query) is not None

    @property
    def n_suggested(self) -> int:
        """How many queries may be suggested, those that changed since left out."""
        return len(self._index)

    @property
    def bytes_a_query(self) -> float:
        """Bytes that the index of these takes a query, beside the letters."""
        return self._index.nbytes / max(len(self._index), 1)

    @property
    def n_live(self) -> int:
        """How many queries changed since ``fit``."""
        return len(self._live.queries)

    def block(self, phrases: Iterable[str]) -> None:
        """Never suggest these again, from the next answer on."""
        every = dict.fromkeys([*self.blocked_.phrases, *phrases])
        self.blocked_ = BlockedPhrases(every)

    def without_users(self, users: Collection[str]) -> Self:
        """Return the suggester as it is if these users had asked nothing.

        All is counted anew, so that no count of theirs is left, also in words.
        """
        left = object.__new__(type(self))
        left.__dict__.update(self.__dict__)
        left._fit(self.counts_.without_users(users))
        left.blocked_ = self.blocked_
        gone = set(users)
        kept = [each for each in self._live_asked if each.user not in gone]
        if kept:
            left.add(kept)
        return left

    # --- saving -----------------------------------------------------------------------

    def arrays(self) -> dict[str, Array]:
        """Return what was counted and built in ``fit``."""
        found = {f"counts_{n}": a for n, a in self.counts_.arrays().items()}
        found |= {f"index_{n}": a for n, a in self._index.arrays().items()}
        found |= {f"words_{n}": a for n, a in self._words.arrays().items()}
        names = sorted(self._countries)
        found |= Texts.of(names).arrays("country_names")
        totals = [self._countries[name][1] for name in names]
        found["country_totals"] = np.array(totals, np.float64)
        found["order"] = self.order_
        for at, name in enumerate(names):
            own = self._countries[name][0].arrays()
            found |= {f"country{at}_{n}": a for n, a in own.items()}
        return found

    def restore(self, arrays: Mapping[str, Array], reference: float) -> Self:
        """Take up what ``arrays`` returned.

        Raises
        ------
        KeyError, ValueError
            If they do not belong together.
        """
        own = _named(arrays, "counts_")
        self.counts_ = AskedCounts.of_arrays(own, self.half_life, reference)
        self._index = PrefixIndex.of_arrays(_named(arrays, "index_"))
        self._words = WordModel.of_arrays(_named(arrays, "words_"))
        names = Texts.of_arrays("country_names", arrays).tolist()
        totals = arrays["country_totals"].tolist()
        self._countries = {
            name: (PrefixIndex.of_arrays(_named(arrays, f"country{at}_")), total)
            for at, (name, total) in enumerate(zip(names, totals, strict=True))
        }
        self.order_ = np.array(arrays["order"], np.float64)
        if self.order_.shape != (order.N_FEATURES,):
            raise ValueError("The weights of the order are not those of its features.")
        self.blocked_ = BlockedPhrases(self.blocked)
        self._ready()
        return self


def _normalised(asked: Asked) -> Asked:
    return replace(asked, query=normalise(asked.query))


def _named(arrays: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    """The arrays whose names begin so, without that."""
    return {
        n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)
    }
