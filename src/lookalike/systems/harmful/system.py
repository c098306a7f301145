"""Harmful posts: a probability of each kind of harm, a reason, and an action.

A text is undisguised and becomes weighted terms (``terms``), which all heads share; a
head for each kind of harm gives a score (``heads``), held-out posts of the language
(``languages``) turn it into a probability, and costs turn that into an action
(``actions``). A post is removed only where the stated precision was shown to hold.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from numbers import Real
from typing import Any, Self

import numpy as np

from lookalike._checks import check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.core.base import BaseSystem
from lookalike.core.contracts import Answer, Explanation
from lookalike.core.progress import ProgressCallback, no_progress, share_of
from lookalike.datasets.posts import LabelledPosts, Posts
from lookalike.evaluate.interval import share_interval
from lookalike.systems.harmful.actions import (
    ACTIONS,
    Costs,
    decide,
    demotion,
    value_of_look,
)
from lookalike.systems.harmful.answers import HarmAnswer, Judgement
from lookalike.systems.harmful.heads import Heads, chosen
from lookalike.systems.harmful.languages import Languages
from lookalike.systems.harmful.learnable import check_posts
from lookalike.systems.harmful.policy import read_policy
from lookalike.systems.harmful.reasons import reasons
from lookalike.systems.harmful.terms import TermEncoder
from lookalike.systems.harmful.texts import check_text, prepared

N_BINS = 10
LIKELY = 0.5
"""Probability of a kind from which on it is told as the reason."""


class Harmful(BaseSystem):
    """Say which kinds of harm are in a post, why, and what to do with it.

    Parameters
    ----------
    C : float, default=1.5
        Weight of the posts against the penalty of the weights.
    min_df : int, default=2
        Fewest posts in which a term occurs.
    see_through : bool, default=True
        Whether look-alike letters, digits for letters, repeated letters and spaced
        words are undone before a text is read.
    precision : float, default=0.95
        Stated precision of removing, between 0 and 1.
    doubt : float, default=0.05
        Chance that it does not hold, for each kind and language.
    policy : path or None, default=None
        A file with a line for each kind of harm; None is the built-in one.
    random_state : int, default=0
        Taken so that all systems take it; nothing here is left to chance.
    n_jobs : int or None, default=None
        Taken so that all systems take it; one text is too little to share.

    Attributes
    ----------
    kinds_ : tuple of str
        Kinds of harm, the first of which is harm of any kind.
    languages_ : tuple of str
        Languages that were learned.
    policy_ : dict of str
        The policy's line for each kind.
    manifest_ : Manifest
        Data, counts and, once loaded, the measured numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.datasets.posts import LabelledPosts, Posts
    >>> words = [("you", "awful", "turnip"), ("you", "are", "kind")] * 60
    >>> texts = tuple(f"{a} {b} {c} {n % 7}" for n, (a, b, c) in enumerate(words))
    >>> labels = np.tile([[1.0], [0.0]], (60, 1))
    >>> part = LabelledPosts(texts, labels, ("en",) * 120, ("toy",) * 120)
    >>> system = Harmful().fit(Posts("toy", "", ("any",), part, part, part))
    >>> [[answer]] = system.classify_each(["you awfuuuul turn1p"])
    >>> answer.kind, answer.probability > 0.8
    ('any', True)
    """

    name = "harmful"

    kinds_: tuple[str, ...]
    languages_: tuple[str, ...]
    policy_: dict[str, str]

    _encoder: TermEncoder
    _languages: Languages
    _heads: Heads
    _routes: Ints  # (n_languages, n_kinds): the head that judges
    _seen: Ints  # (n_languages, N_BINS): held-out posts by probability

    def __init__(
        self,
        C: float = 1.5,
        min_df: int = 2,
        see_through: bool = True,
        precision: float = 0.95,
        doubt: float = 0.05,
        policy: str | None = None,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.C = C
        self.min_df = min_df
        self.see_through = see_through
        self.precision = precision
        self.doubt = doubt
        self.policy = policy
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, data: Posts, on_progress: ProgressCallback = no_progress) -> Self:
        """Learn heads from the training part, probabilities from the validation part.

        Raises
        ------
        ValueError
            If the options or labels are not such that can be learned from.
        """
        self._check(data)
        started = time.perf_counter()
        policy = read_policy(self.policy)
        on_progress("reading the posts", 0.0)
        encoder = TermEncoder(self.min_df)
        X = encoder.fit_transform(self._prepared(data.train.texts))
        held_texts = self._prepared(data.validation.texts)
        held = encoder.transform(held_texts)
        on_progress("learning the languages", 0.2)
        languages = Languages.learned(
            encoder, X, data.train.languages, held_texts, data.validation.languages
        )
        learning = share_of(on_progress, "learning the kinds of harm", 0.3, 0.6)
        heads = Heads.learned(X, data.train, self.C, learning)
        on_progress("learning probabilities", 0.9)
        heads.calibrate(held, data.validation, self.precision, self.doubt)
        seen = np.zeros((len(languages.names), N_BINS), np.int64)
        self._take_up(data.kinds, policy, encoder, languages, heads, seen)
        self.manifest_ = self.new_manifest(data, {})
        found = self.judge(data.validation.texts, data.validation.languages)
        np.add.at(seen, (found.languages, _bins(found.probabilities[:, 0])), 1)
        seconds = round(time.perf_counter() - started, 1)
        self.manifest_ = self.new_manifest(data, self._facts(data, seconds))
        on_progress("ready", 1.0)
        return self

    # --- answers ----------------------------------------------------------------------

    def judge(
        self,
        texts: Sequence[str],
        languages: Sequence[str] | None = None,
        domains: Sequence[str] | None = None,
    ) -> Judgement:
        """Judge texts.

        languages : of each text, where that is known
        domains : the set by whose heads each text is judged, such as "mlma/fr"; None
            takes those of the language
        """
        self.check_fitted()
        ready = self._prepared(texts)
        X = self._encoder.transform(ready)
        if languages is None:
            places = self._languages.guess(self._encoder, X, ready)
        else:
            known = {name: at for at, name in enumerate(self.languages_)}
            places = np.array([known.get(each, -1) for each in languages], np.int64)
        if domains is None:
            used = self._routes[places]
        else:
            rows = [self._heads.domains.index(each) for each in domains]
            used = self._heads.table[rows]
        used = np.where((places >= 0)[:, None], used, -1)
        scores = self._heads.all_scores(X)
        every = self._heads.probabilities(scores)
        shares = chosen(every, used)
        # Of another language all that can be said is what the heads say on average.
        of_any = self._heads.table[:, 0]
        shares[places < 0, 0] = every[places < 0][:, of_any[of_any >= 0]].mean(axis=1)
        named = shares >= chosen(self._heads.named_from, used, np.inf)
        named &= named[:, :1]
        sure = chosen(scores, used) >= chosen(self._heads.removable, used, np.inf)
        actions = decide(shares[:, 0], sure.any(axis=1), self.costs)
        actions[places < 0] = ACTIONS.index("queue")
        return Judgement(used, shares, places, named, actions)

    def classify_each(self, queries: Sequence[str]) -> list[list[Answer]]:
        """Return one answer to each text, in a list."""
        found = self.judge(queries)
        shares = found.probabilities
        factors = demotion(found.actions, shares[:, 0], self.costs)
        values = value_of_look(shares[:, 0], self.costs)
        return [
            [self._answer(found, row, float(factors[row]), float(values[row]))]
            for row in range(len(queries))
        ]

    def check_query(self, query: str) -> str:
        """Return a text that can be judged, or refuse it."""
        return check_text(query)

    def explain(self, query: str, reveal: bool = False) -> Explanation:
        """Say which words spoke for the answer's kind, and how much.

        The parts are exact: the score is linear in the terms, and those of the words,
        of all other words and of the intercept add up to it.

        reveal : whether words are shown with all their letters
        """
        [[answer]] = self.classify_each([query])
        assert isinstance(answer, HarmAnswer)
        kind = answer.kind or "any"
        if answer.language is None:
            sentence = "the language is none that was learned: a person has to look"
            return Explanation(answer.record(), (sentence,))
        found = reasons(answer, *self.parts(query, kind, answer.language), reveal)
        return Explanation(answer.record(), found)

    def parts(
        self, query: str, kind: str, language: str
    ) -> tuple[list[str], Floats, float]:
        """Return the words of a text, each one's part of a kind's score, and the rest.

        Returns
        -------
        words : list of str
            Pieces between spaces, as the system reads them.
        parts : ndarray of shape (n_words,)
            A term of two words lies in both, half and half.
        intercept : float
            The score of no words at all.
        """
        self.check_fitted()
        place = self.languages_.index(language), self.kinds_.index(kind)
        column = int(self._routes[place])
        [text] = self._prepared([query])
        X = self._encoder.transform([text])
        words, places = self._encoder.places(text)
        parts: Floats = np.zeros(len(words))
        weights = self._heads.weights[:, column]
        for term, value in zip(X.indices.tolist(), X.data.tolist(), strict=True):
            for at, share in places[term]:
                parts[at] += share * value * float(weights[term])
        return words, parts, float(self._heads.intercepts[column])

    def warm_up(self) -> None:
        """Compile and touch what the first answer needs."""
        self.classify_each(["a text"])

    @property
    def costs(self) -> Costs:
        """What mistakes and looks cost."""
        return Costs()

    # --- saving -----------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return terms, languages and heads; kinds and policy are in the document."""
        arrays = {
            **self._encoder.arrays(),
            **self._languages.arrays(),
            **self._heads.arrays(),
            "seen": self._seen,
        }
        document = {
            "kinds": list(self.kinds_),
            "languages": list(self.languages_),
            "domains": list(self._heads.domains),
            "policy": self.policy_,
        }
        return arrays, document

    def restore(self, arrays: Mapping[str, Array], document: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned."""
        encoder = TermEncoder.from_arrays(arrays)
        languages = Languages.from_arrays(document["languages"], arrays)
        heads = Heads.from_arrays(document["domains"], arrays)
        shapes = len(heads.weights), heads.table.shape[1]
        if shapes != (encoder.n_terms, len(document["kinds"])):
            raise ValueError("its terms and weights do not belong together.")
        self._take_up(
            tuple(document["kinds"]),
            dict(document["policy"]),
            encoder,
            languages,
            heads,
            np.asarray(arrays["seen"]),
        )

    # --- inside -----------------------------------------------------------------------

    def _prepared(self, texts: Sequence[str]) -> list[str]:
        return [prepared(text, self.see_through) for text in texts]

    def _answer(
        self, found: Judgement, row: int, factor: float, value: float
    ) -> HarmAnswer:
        shares, place = found.probabilities[row], int(found.languages[row])
        share = float(shares[0])
        language, low, high = None, 0.0, 1.0
        if place >= 0:
            language = self.languages_[place]
            n_seen = int(self._seen[place, _bins(shares[:1])[0]])
            interval = share_interval(share, max(n_seen, 1))
            low, high = interval.low, interval.high
        else:
            shares = np.full_like(shares, np.nan)
        kind = self._kind(shares, found.named[row])
        known = {
            name: each
            for name, each in zip(self.kinds_, shares.tolist(), strict=True)
            if np.isfinite(each)
        }
        return HarmAnswer(
            action=ACTIONS[int(found.actions[row])],
            kind=kind,
            probability=share,
            low=low,
            high=high,
            language=language,
            factor=factor,
            value=value,
            policy=None if kind is None else self.policy_.get(kind),
            probabilities=known,
        )

    def _kind(self, shares: Floats, named: Array) -> str | None:
        """The likeliest of the named kinds, or that of any where none is likely."""
        if not named.any():
            return None
        own = np.where(named[1:] & (shares[1:] >= LIKELY), shares[1:], -1.0)
        if not len(own) or own.max() < 0:
            return self.kinds_[0]
        return self.kinds_[1 + int(own.argmax())]

    def _facts(self, data: Posts, seconds: float) -> dict[str, Any]:
        positive = np.nansum(data.train.labels, axis=0).astype(int)
        labelled = np.isfinite(data.train.labels).sum(axis=0)
        removable = chosen(self._heads.removable, self._routes, np.inf)
        return {
            "n_train": len(data.train),
            "n_held_out": len(data.validation),
            "n_terms": self._encoder.n_terms,
            "sources": _counts(data.train),
            "kinds": {
                kind: [int(n), int(of)]
                for kind, n, of in zip(data.kinds, positive, labelled, strict=True)
                if of
            },
            "removable": [
                f"{self.kinds_[kind]} ({self.languages_[language]})"
                for language, kind in zip(
                    *np.nonzero(np.isfinite(removable)), strict=True
                )
            ],
            "costs": asdict(self.costs),
            "seconds_to_learn": seconds,
        }

    def _take_up(
        self,
        kinds: tuple[str, ...],
        policy: dict[str, str],
        encoder: TermEncoder,
        languages: Languages,
        heads: Heads,
        seen: Ints,
    ) -> None:
        self.kinds_, self.languages_, self.policy_ = kinds, languages.names, policy
        self._encoder, self._languages, self._heads = encoder, languages, heads
        self._seen, self._routes = seen, heads.routes(languages.names)
        if seen.shape != (len(languages.names), N_BINS):
            raise ValueError("its languages and probabilities do not belong together.")

    def _check(self, data: Posts) -> None:
        if not isinstance(self.C, Real) or not 0 < self.C < np.inf:
            raise ValueError(f"C must be a positive number, got {self.C!r}.")
        check_whole("min_df", self.min_df)
        for name in ("precision", "doubt"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must lie between 0 and 1, got {getattr(self, name)!r}."
                )
        check_posts(data)


def _bins(shares: Floats) -> Ints:
    found: Ints = np.minimum((shares * N_BINS).astype(np.int64), N_BINS - 1)
    return found


def _counts(posts: LabelledPosts) -> dict[str, int]:
    names, counts = np.unique(posts.sources, return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))
