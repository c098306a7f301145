"""Harmful posts: a probability of each kind of harm, a reason, and an action.

A text is undisguised and becomes weighted terms (``terms``), which all heads share; a
head for each kind of harm gives a score (``heads``), held-out posts of the language
(``languages``) turn it into a probability. A post that is more than a text, with a
picture, an author or reactions, is judged by a network of all its parts (``fused``),
where such posts were learned from. Costs turn the probability into an action
(``actions``). A post is removed only where the stated precision was shown to hold.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from numbers import Real
from typing import Any, Self

import numpy as np

from lookalike._arrays import named, prefixed
from lookalike._checks import check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.core.base import BaseSystem
from lookalike.core.contracts import Answer, Explanation
from lookalike.core.progress import ProgressCallback, no_progress, share_of
from lookalike.datasets.posts import SIGNALS, Posts
from lookalike.evaluate.interval import share_interval
from lookalike.systems.harmful.actions import (
    ACTIONS,
    Costs,
    decide,
    demotion,
    value_of_look,
)
from lookalike.systems.harmful.answers import HarmAnswer, Judgement, kind_named
from lookalike.systems.harmful.calibration import N_BINS, bins
from lookalike.systems.harmful.facts import facts_of
from lookalike.systems.harmful.fused import FusedModel
from lookalike.systems.harmful.heads import Heads, chosen
from lookalike.systems.harmful.languages import Languages
from lookalike.systems.harmful.learnable import check_posts
from lookalike.systems.harmful.occlusion import occluded
from lookalike.systems.harmful.policy import read_policy
from lookalike.systems.harmful.post import Post, post_of
from lookalike.systems.harmful.reasons import reasons, reasons_of_parts
from lookalike.systems.harmful.terms import TermEncoder
from lookalike.systems.harmful.texts import check_text, has_letters, prepared


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
    text_encoder : path or None, default=None
        The user's own encoder of texts: an ONNX file with its ``tokenizer.json``
        beside it, or their folder; its vectors stand beside the terms (onnx extra).
    picture_encoder : path or None, default=None
        The user's own encoder of pictures, an ONNX file (onnx extra); None is small
        pixels and edges.
    random_state : int, default=0
        Of the folds by which heads are brought together, and of the network.
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
    >>> from lookalike.datasets.posts import AUTHOR, SIGNALS, LabelledPosts, Posts
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
    _fused: FusedModel | None  # where posts of more than a text were learned from

    def __init__(
        self,
        C: float = 1.5,
        min_df: int = 2,
        see_through: bool = True,
        precision: float = 0.95,
        doubt: float = 0.05,
        policy: str | None = None,
        text_encoder: str | None = None,
        picture_encoder: str | None = None,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.C = C
        self.min_df = min_df
        self.see_through = see_through
        self.precision = precision
        self.doubt = doubt
        self.policy = policy
        self.text_encoder = text_encoder
        self.picture_encoder = picture_encoder
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
        encoder = TermEncoder.with_file(self.min_df, self.text_encoder)
        X = encoder.fit_transform(self._prepared(data.train.texts))
        held_texts = self._prepared(data.validation.texts)
        held = encoder.transform(held_texts)
        on_progress("learning the languages", 0.15)
        languages = Languages.learned(
            encoder, X, data.train.languages, held_texts, data.validation.languages
        )
        learning = share_of(on_progress, "learning the kinds of harm", 0.2, 0.6)
        heads = Heads.learned(
            encoder, X, data.train, self.C, learning, self.random_state
        )
        on_progress("learning probabilities", 0.8)
        heads.calibrate(encoder, held, data.validation, self.precision, self.doubt)
        fused = FusedModel.learned(
            X,
            data.train,
            held,
            data.validation,
            picture_encoder=self.picture_encoder,
            precision=self.precision,
            doubt=self.doubt,
            random_state=self.random_state,
            on_progress=share_of(on_progress, "learning posts as wholes", 0.8, 0.15),
        )
        seen = np.zeros((len(languages.names), N_BINS), np.int64)
        self._take_up(data.kinds, policy, encoder, languages, heads, seen, fused)
        self.manifest_ = self.new_manifest(data, {})
        found = self.judge(data.validation.texts, data.validation.languages)
        of_known = found.languages >= 0
        places, shares = found.languages[of_known], found.probabilities[of_known, 0]
        np.add.at(seen, (places, bins(shares)), 1)
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
        pictures: Sequence[Array | None] | None = None,
        signals: Floats | None = None,
    ) -> Judgement:
        """Judge posts.

        languages : of each text, where that is known
        domains : the set by whose heads each text is judged, such as "mlma/fr"; None
            takes those of the language
        pictures, signals : as in ``LabelledPosts``; posts that have any are judged by
            all parts together, where such posts were learned from
        """
        self.check_fitted()
        ready = self._prepared(texts)
        X = self._encoder.transform(ready)
        has_text = np.array(list(map(has_letters, texts)), bool)
        if languages is None:
            places = self._languages.guess(self._encoder, X, ready)
        else:
            known = {name: at for at, name in enumerate(self.languages_)}
            places = np.array([known.get(each, -1) for each in languages], np.int64)
        places = np.where(has_text, places, -1)
        if domains is None:
            used = self._routes[places]
        else:
            rows = [self._heads.domains.index(each) for each in domains]
            used = self._heads.table[rows]
        used = np.where((places >= 0)[:, None], used, -1)
        scores = self._heads.scores(self._encoder, X, places)
        every = self._heads.probabilities(scores)
        shares = chosen(every, used)
        # Of another language all that can be said is what the heads say on average.
        of_any = self._heads.table[:, 0]
        shares[places < 0, 0] = every[places < 0][:, of_any[of_any >= 0]].mean(axis=1)
        named = shares >= chosen(self._heads.named_from, used, np.inf)
        sure = chosen(scores, used) >= chosen(self._heads.removable, used, np.inf)
        fused = np.zeros(len(texts), bool)
        if self._fused is not None and (pictures is not None or signals is not None):
            fused = self._judge_wholes(X, pictures, signals, shares, named, sure)
        named &= named[:, :1]
        actions = decide(shares[:, 0], sure.any(axis=1), self.costs)
        unknown = has_text & (places < 0)
        actions[unknown | ~(has_text | fused)] = ACTIONS.index("queue")
        return Judgement(used, shares, places, unknown, fused, named, actions)

    def _judge_wholes(
        self,
        X: Any,
        pictures: Sequence[Array | None] | None,
        signals: Floats | None,
        shares: Floats,
        named: Array,
        sure: Array,
    ) -> Array:
        """Judge posts that are more than a text anew; return which they are."""
        assert self._fused is not None
        n = len(shares)
        shown = (None,) * n if pictures is None else pictures
        counts = np.full((n, len(SIGNALS)), np.nan) if signals is None else signals
        has_picture = np.array([each is not None for each in shown], bool)
        fused: Array = has_picture | np.isfinite(counts).any(axis=1)
        rows = np.flatnonzero(fused)
        if len(rows):
            shares[rows], named[rows], sure[rows] = self._fused.judge(
                X[rows], [shown[row] for row in rows.tolist()], counts[rows]
            )
        return fused

    def classify_each(self, queries: Sequence[str | Post]) -> list[list[Answer]]:
        """Return one answer to each text or post, in a list."""
        posts = list(map(post_of, queries))
        found = self.judge(
            [post.text for post in posts],
            pictures=[post.picture for post in posts],
            signals=np.array([post.counts for post in posts]),
        )
        shares = found.probabilities
        factors = demotion(found.actions, shares[:, 0], self.costs)
        values = value_of_look(shares[:, 0], self.costs)
        return [
            [self._answer(found, row, float(factors[row]), float(values[row]), post)]
            for row, post in enumerate(posts)
        ]

    def review_value(self, answer: Answer, views: float = 1.0) -> float | None:
        """Return what a person's look saves, in looks; None where none is needed."""
        assert isinstance(answer, HarmAnswer)
        if answer.action != "queue":
            return None
        return float(value_of_look(answer.probability, self.costs, views))

    def check_query(self, query: str | Post) -> str | Post:
        """Return a text or a post that can be judged, or refuse it.

        Raises
        ------
        ValueError
            If it is empty, or has a part that the system did not learn from.
        """
        if not isinstance(query, Post):
            return check_text(query)
        parts = query.parts
        if "picture" not in parts:
            check_text(query.text)
        others = [part for part in parts if part != "text"]
        if others and self._fused is None:
            raise ValueError(
                f"This system learned from texts alone, so it cannot say what "
                f"{' and '.join(others)} mean; `lookalike train harmful --data` learns "
                "from posts that have them."
            )
        return query

    def explain(self, query: str | Post, reveal: bool = False) -> Explanation:
        """Say which words, and what else, spoke for the answer's kind, and how much.

        Of a text alone the parts are exact: the score is linear in the terms, and those
        of the words, of all other words and of the intercept add up to it. Of a post
        with further parts each is what the score loses without it (occlusion): a word,
        a region of the picture, the author, the reactions.

        reveal : whether words are shown with all their letters
        """
        post = post_of(query)
        [[answer]] = self.classify_each([post])
        assert isinstance(answer, HarmAnswer)
        kind = answer.kind or "any"
        if answer.language is None and post.has_text:
            sentence = "the language is none that was learned: a person has to look"
            return Explanation(answer.record(), (sentence,))
        if len(post.parts) > 1 or not post.has_text:
            assert self._fused is not None
            [ready] = self._prepared([post.text])
            lost = occluded(
                self._fused, self._encoder, ready, post, self.kinds_.index(kind)
            )
            told = reasons_of_parts(answer, lost, reveal)
            return Explanation(answer.record(), told)
        language = answer.language or self.languages_[0]
        found = reasons(answer, *self.parts(post.text, kind, language), reveal)
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
            The score of no words at all, with what the vector of the whole text adds,
            where there is an encoder.
        """
        self.check_fitted()
        place = self.languages_.index(language), self.kinds_.index(kind)
        at, weights, intercept = self._heads.head(int(self._routes[place]))
        [text] = self._prepared([query])
        X = self._encoder.transform([text])
        X = self._encoder.weighed(X, self._heads.idf[at])
        words, places = self._encoder.places(text)
        parts: Floats = np.zeros(len(words))
        for term, value in zip(X.indices.tolist(), X.data.tolist(), strict=True):
            part = value * float(weights[term])
            if term >= self._encoder.n_terms:  # of the vector of the whole text
                intercept += part
                continue
            for word, share in places[term]:
                parts[word] += share * part
        return words, parts, intercept

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
        if self._fused is not None:
            arrays |= prefixed("fused_", self._fused.arrays())
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
        n_columns, n_kinds = heads.idf.shape[1], heads.table.shape[1]
        if n_columns < encoder.n_terms or n_kinds != len(document["kinds"]):
            raise ValueError("its terms and weights do not belong together.")
        fused = named("fused_", arrays)
        self._take_up(
            tuple(document["kinds"]),
            dict(document["policy"]),
            encoder,
            languages,
            heads,
            np.asarray(arrays["seen"]),
            FusedModel.from_arrays(fused) if fused else None,
        )

    # --- inside -----------------------------------------------------------------------

    def _prepared(self, texts: Sequence[str]) -> list[str]:
        return [prepared(text, self.see_through) for text in texts]

    def _answer(
        self, found: Judgement, row: int, factor: float, value: float, post: Post
    ) -> HarmAnswer:
        shares, place = found.probabilities[row], int(found.languages[row])
        share = float(shares[0])
        language, low, high = None, 0.0, 1.0
        if place >= 0:
            language = self.languages_[place]
        if not found.unknown[row]:
            seen = self._seen[place]
            if found.fused[row]:
                assert self._fused is not None
                seen = self._fused.seen
            interval = share_interval(share, max(int(seen[bins(shares[:1])[0]]), 1))
            low, high = interval.low, interval.high
        else:
            shares = np.full_like(shares, np.nan)
        kind = kind_named(self.kinds_, shares, found.named[row])
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
            judged_by=", ".join(post.parts),
        )

    def _facts(self, data: Posts, seconds: float) -> dict[str, Any]:
        removable = chosen(self._heads.removable, self._routes, np.inf)
        return {
            **facts_of(data, self._fused is not None),
            "n_terms": self._encoder.n_terms,
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
        fused: FusedModel | None,
    ) -> None:
        self.kinds_, self.languages_, self.policy_ = kinds, languages.names, policy
        self._encoder, self._languages, self._heads = encoder, languages, heads
        self._seen, self._routes, self._fused = seen, heads.routes(), fused
        if heads.languages != languages.names:
            raise ValueError("its heads and languages do not belong together.")
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
