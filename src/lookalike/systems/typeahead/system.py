"""Type-ahead: the query that is being typed, from what was asked before.

How likely a query is follows from how often it was asked, by this user, in this country
and by all, and from the words it is made of; see ``search.prefix.suggester``.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from lookalike._typing import Array
from lookalike.core.base import BaseSystem
from lookalike.core.contracts import Answer, Explanation
from lookalike.core.inputs import TextInputs, check_k
from lookalike.core.manifest import Manifest
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.datasets import QueryLog, TypedQueries
from lookalike.search.prefix import Asked, Suggester

INPUTS = TextInputs(check="lookalike.systems.typeahead.system:check_typed")
LONGEST = 200
"""Letters that may be typed."""


@dataclass(frozen=True)
class SuggestionAnswer(Answer):
    """One suggestion.

    kind : "asked", "unseen", "spelling" or "within", see ``search.prefix``
    """

    query: str
    score: float
    kind: str


def check_typed(typed: Any) -> str:
    """Return what was typed, or refuse it.

    Raises
    ------
    ValueError
        If it is no text, is too long, or has neither a letter nor a digit.
    """
    if not isinstance(typed, str):
        raise ValueError(f"What is typed must be text, got {type(typed).__name__}.")
    if not any(map(str.isalnum, typed)):
        raise ValueError("What is typed must have a letter or a digit.")
    if len(typed) > LONGEST:
        raise ValueError(
            f"What is typed may have {LONGEST} letters, got {len(typed):,}."
        )
    return typed


class Typeahead(BaseSystem):
    """Suggest the query that is being typed.

    Parameters
    ----------
    min_people : int, default=5
        How many people must have asked a query before it is suggested. Where the data
        name no users, each asking is another person's, and 1 is enough.
    half_life : float, default=30.0
        Days after which an asking counts half.
    user_weight : float, default=20.0
        Askings of a user that count as much as what everybody in the country asked.
    country_weight : float, default=1000.0
        Askings of a country that count as much as what all asked.
    asked_weight : float, default=0.5
        Weight of how often a query was asked against how likely its words are.
    unseen : bool, default=True
        Whether queries are suggested that nobody asked yet.
    blocked : str, default=""
        Phrases that are never suggested, parted by commas.
    random_state : int, default=0
        Taken so that all systems take it; nothing is left to chance.
    n_jobs : int or None, default=None
        Likewise; one answer is too little to share.

    Attributes
    ----------
    suggester_ : Suggester
        What answers.
    manifest_ : Manifest
        Data, counts and, once loaded, the measured numbers.

    Examples
    --------
    >>> from lookalike.datasets import TypedQueries
    >>> from lookalike.datasets.queries import log_of
    >>> log = log_of(["weather rome", "weather rome", "web mail"])
    >>> system = Typeahead().fit(TypedQueries("toy", "", log, log[:1]))
    >>> [each.query for each in system.suggest_each(["we"])[0]][:2]
    ['weather rome', 'web mail']
    """

    name = "typeahead"

    suggester_: Suggester

    def __init__(
        self,
        min_people: int = 5,
        half_life: float = 30.0,
        user_weight: float = 20.0,
        country_weight: float = 1000.0,
        asked_weight: float = 0.5,
        unseen: bool = True,
        blocked: str = "",
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.min_people = min_people
        self.half_life = half_life
        self.user_weight = user_weight
        self.country_weight = country_weight
        self.asked_weight = asked_weight
        self.unseen = unseen
        self.blocked = blocked
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(
        self, data: TypedQueries, on_progress: ProgressCallback = no_progress
    ) -> Self:
        """Count what was asked, and order it."""
        return self._fit(data, [data.train], on_progress)

    def refit(
        self, data: TypedQueries, on_progress: ProgressCallback = no_progress
    ) -> Self:
        """Return the system that knows the latest queries, too."""
        system = type(self)(**self.configuration(), n_jobs=self.n_jobs)
        system._fit(data, [data.train, data.test], on_progress)
        system.mark_refitted(True)
        return system

    def before_refit(self, data: TypedQueries) -> Self:
        """Return the system that was measured."""
        if not self.is_refitted:
            return self
        return type(self)(**self.configuration(), n_jobs=self.n_jobs).fit(data)

    def _fit(
        self, data: TypedQueries, parts: Sequence[QueryLog], progress: ProgressCallback
    ) -> Self:
        progress("counting what was asked", 0.1)
        suggester = self._new().fit(each for part in parts for each in asked_in(part))
        self.suggester_ = suggester
        counts = suggester.counts_
        facts = {
            "n_askings": int(counts.times.sum()),
            "n_queries": len(counts.queries),
            "n_suggested": suggester.n_suggested,
            "n_users": len([user for user in counts.users if user]),
            "n_countries": len([name for name in counts.countries if name]),
            "bytes_a_query": round(suggester.bytes_a_query, 1),
        }
        self.manifest_: Manifest = self.new_manifest(data, facts)
        progress("ready", 1.0)
        return self

    def _new(self) -> Suggester:
        phrases = [each.strip() for each in str(self.blocked).split(",")]
        return Suggester(
            *(self.min_people, self.half_life, self.user_weight, self.country_weight),
            *(self.asked_weight, self.unseen, [each for each in phrases if each]),
        )

    # --- answers ----------------------------------------------------------------------

    def suggest_each(
        self, queries: Sequence[str], k: int = 10, user: str = "", country: str = ""
    ) -> list[list[Answer]]:
        """Return at most k suggestions for each text that is being typed."""
        self.check_fitted()
        k = check_k(k)
        return [
            [
                SuggestionAnswer(each.query, each.score, each.kind)
                for each in self.suggester_.suggest(typed, k, user, country)
            ]
            for typed in queries
        ]

    def check_query(self, query: Any) -> str:
        """Return what was typed, or refuse it."""
        return check_typed(query)

    def explain(self, query: str) -> Explanation:
        """Say why the first suggestion is made."""
        [found] = self.suggest_each([query], 1)
        if not found:
            return Explanation(
                {"query": None}, ("Nothing that enough people asked is like it.",)
            )
        answer = found[0].record()
        reasons = self.suggester_.explain(query, answer["query"])
        return Explanation(answer, tuple(reasons))

    def warm_up(self) -> None:
        """Compile what the first answer needs."""
        self.suggest_each(["warming up", "a"])

    # --- changes ----------------------------------------------------------------------

    @property
    def known_users(self) -> Array:
        """Names of the users whose askings count."""
        self.check_fitted()
        return np.array([name for name in self.suggester_.counts_.users if name], str)

    @property
    def known_until(self) -> float:
        """The time of the latest asking of the data, in seconds since 1970, or 0."""
        return self.suggester_.counts_.reference

    def without_users(self, users: Collection[str]) -> Self:
        """Return the system as it is if these users had asked nothing."""
        left = type(self)(**self.configuration(), n_jobs=self.n_jobs)
        left.manifest_ = self.manifest_
        left.suggester_ = self.suggester_.without_users(users)
        return left

    def count_asked(self, asked: Iterable[tuple[str, str, str, float | None]]) -> None:
        """Count further askings at once: query, user, country and time of each."""
        self.suggester_.add(Asked(*each) for each in asked)

    def block_phrases(self, phrases: Iterable[str]) -> None:
        """Never suggest these, from the next answer on."""
        self.suggester_.block(phrases)

    # --- saving -----------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return the counts and what was built of them."""
        document = {"reference": self.suggester_.counts_.reference}
        return self.suggester_.arrays(), document

    def restore(self, arrays: Mapping[str, Array], document: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned."""
        reference = float(document["reference"])
        self.suggester_ = self._new().restore(arrays, reference)


def asked_in(log: QueryLog) -> Iterable[Asked]:
    """Each asking of a log."""
    columns = log.queries, log.users, log.countries, log.times, log.counts
    for query, user, country, time, n in zip(*columns, strict=True):
        yield Asked(
            query, user, country, None if np.isnan(time) else float(time), int(n)
        )
