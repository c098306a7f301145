"""Places in text: which words of a post name a location.

A tagger looks at a word and its neighbours: their letters, endings, shapes, the run of
capitals around it, and the marks of the gazetteer, each with a weight that was learned;
and it tags the sentence as a whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Self

import numpy as np

from lookalike._checks import check_whole
from lookalike._texts import Texts
from lookalike._typing import Array
from lookalike.core.base import BaseSystem
from lookalike.core.contracts import Answer, Explanation
from lookalike.core.inputs import TextInputs
from lookalike.core.manifest import Manifest
from lookalike.core.progress import ProgressCallback, no_progress, stage_of
from lookalike.datasets import TaggedText
from lookalike.datasets.gazetteer import load_gazetteer
from lookalike.evaluate.spans import Tags
from lookalike.systems.places.baselines import words_seen
from lookalike.systems.places.gazetteer import mark_sentences, mark_words
from lookalike.systems.places.tagger import (
    Names,
    Tagger,
    likeliest,
    location_tags,
    tags_of_names,
)
from lookalike.systems.places.tokens import check_text, words_with_offsets
from lookalike.systems.places.tuning import (
    best_threshold,
    fit_tagger,
    held_out_names,
    known_part,
)

INPUTS = TextInputs(check="lookalike.systems.places.tokens:check_text")
UNSEEN = ("\x00", "")
"""A word that no tagger has seen, without a mark."""


@dataclass(frozen=True)
class Location:
    """A name of a location in a text."""

    text: str
    start: int
    """Offset of its first character."""
    end: int
    """Offset behind its last character."""
    probability: float
    """That exactly these words name a location."""


@dataclass(frozen=True)
class LocationAnswer(Answer):
    """One location of a text; all None in the one answer to a text without any."""

    location: str | None = None
    start: int | None = None
    end: int | None = None
    probability: float | None = None


class Places(BaseSystem):
    """Find the names of locations in posts.

    Parameters
    ----------
    window : int, default=2
        Neighbours on each side that a word's tag may depend on.
    C : float, default=1.0
        Weight of the training words against the penalty of the weights.
    gazetteer : bool, default=True
        Whether words on the list of places are marked (it comes with the ``places``
        extra, and is saved with the system).
    random_state : int, default=0
        The only source of chance, in the network that the evaluation compares with.
    n_jobs : int or None, default=None
        Taken so that all systems take it; one text is too little to share.

    Attributes
    ----------
    threshold_ : float
        A name is answered from this probability on.
    seen_ : set of str
        Words of the known parts at least half of whose occurrences are in locations.
    gazetteer_ : dict of str
        Names of places, lower case, codes, in capitals, and their kinds.
    tagger_ : Tagger
        Learned from all known sentences.
    manifest_ : Manifest
        Data, counts and, once loaded, the measured numbers.

    Examples
    --------
    >>> from lookalike.datasets import Tagged, TaggedText
    >>> cities = ["Paris", "Boston", "Lima", "Oslo"]
    >>> names = [("I", "live", "in", city, ".") for city in cities]
    >>> names += [("I", "live", "for", city + "ism", ".") for city in cities]
    >>> tags = [("O", "O", "O", "B-location", "O")] * 4 + [("O",) * 5] * 4
    >>> part = Tagged(tuple(names * 8), tuple(tags * 8))
    >>> system = Places(gazetteer=False, C=10.0)
    >>> system = system.fit(TaggedText("toy", "", part, part, part))
    >>> [(p.text, p.start, p.end) for p in system.find_locations("They live in Quito.")]
    [('Quito', 13, 18)]
    """

    name = "places"

    threshold_: float
    seen_: set[str]
    gazetteer_: dict[str, str]
    tagger_: Tagger

    def __init__(
        self,
        window: int = 2,
        C: float = 1.0,
        gazetteer: bool = True,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.window = window
        self.C = C
        self.gazetteer = gazetteer
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(
        self, data: TaggedText, on_progress: ProgressCallback = no_progress
    ) -> Self:
        """Choose the threshold on held-out folds, then learn from all that is known.

        The training and the validation part, end to end, are cut into four folds; each
        is tagged by what was learned from the others.
        """
        self._check(data)
        on_progress("reading the gazetteer", 0.0)
        self.gazetteer_ = load_gazetteer() if self.gazetteer else {}
        known, options = known_part(data), (self.gazetteer_, self.window, self.C)
        tags = location_tags(known)
        self.seen_ = words_seen(known.words, tags)
        names = held_out_names(known, *options, stage_of(on_progress, 0.0, 0.8))
        self.threshold_, reached = best_threshold(
            tags, lambda threshold: tags_of_names(known.words, names, threshold)
        )
        on_progress("learning from all pieces", 0.8)
        self.tagger_ = fit_tagger(known, *options)
        facts = {
            "n_train": len(known.words),
            "n_words": sum(map(len, known.words)),
            "n_location_words": sum(tag != "O" for own in tags for tag in own),
            "n_gazetteer": len(self.gazetteer_),
            "threshold": self.threshold_,
            "held_out_f1": reached,
            "n_features": len(self.tagger_.model.features_),
        }
        self.manifest_: Manifest = self.new_manifest(data, facts)
        on_progress("ready", 1.0)
        return self

    # --- answers ----------------------------------------------------------------------

    def classify(self, sentences: Sequence[Sequence[str]]) -> Tags:
        """Tag sentences that are cut into words: B, I and O, a list a sentence."""
        return tags_of_names(sentences, self.names(sentences), self.threshold_)

    def names(self, sentences: Sequence[Sequence[str]]) -> list[Names]:
        """Return what may name a location in each sentence, with its probability."""
        self.check_fitted()
        return self.tagger_.names(mark_sentences(sentences, self.gazetteer_))

    def find_locations(self, text: str) -> list[Location]:
        """Return the locations of a raw text, with their offsets."""
        self.check_fitted()
        words = words_with_offsets(check_text(text))
        [names] = self.names([[word for word, _ in words]])
        found = []
        for first, last in likeliest(names, self.threshold_):
            start, end = words[first][1], words[last - 1][1] + len(words[last - 1][0])
            found.append(Location(text[start:end], start, end, names[first, last]))
        return found

    def classify_each(self, queries: Sequence[str]) -> list[list[Answer]]:
        """Return the locations of each text; one answer without any where none is."""
        return [
            [
                LocationAnswer(each.text, each.start, each.end, each.probability)
                for each in self.find_locations(text)
            ]
            or [LocationAnswer()]
            for text in queries
        ]

    def check_query(self, query: str) -> str:
        """Return a text that can be tagged, or refuse it."""
        return check_text(query)

    def explain(self, query: str) -> Explanation:
        """Say how the likeliest word's probability changes without words and marks."""
        [[answer, *_]] = self.classify_each([query])
        words = [word for word, _ in words_with_offsets(query)]
        sentence = mark_words(words, self.gazetteer_)
        probabilities = self.tagger_.inside(sentence)
        likely = int(probabilities.argmax())
        whole, changes = float(probabilities[likely]), []
        around = range(
            max(0, likely - self.window), min(len(words), likely + self.window + 1)
        )
        for i in around:
            text, mark = sentence[i]
            if mark:
                without = [*sentence[:i], (text, ""), *sentence[i + 1 :]]
                changes.append((f"{text!r} were not in the gazetteer", without))
            without = [*sentence[:i], UNSEEN, *sentence[i + 1 :]]
            changes.append((f"{text!r} were a word never seen", without))
        falls = [
            (whole - float(self.tagger_.inside(other)[likely]), change)
            for change, other in changes
        ]
        reasons = [
            f"{words[likely]!r} is part of a location with probability {whole:.2f}; "
            f"a name is answered from {self.threshold_:.2f} on",
            *(f"if {change}: {-fall:+.2f}" for fall, change in sorted(falls)[::-1]),
        ]
        return Explanation(answer.record(), tuple(reasons))

    # --- saving -----------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return the tagger, its words and names, and the threshold."""
        names = sorted(self.gazetteer_)
        arrays = {
            **Texts.of(sorted(self.seen_)).arrays("seen"),
            **Texts.of(names).arrays("gazetteer"),
            **Texts.of(self.gazetteer_[name] for name in names).arrays("kinds"),
            **self.tagger_.arrays(),
        }
        return arrays, {"threshold": self.threshold_}

    def restore(self, arrays: Mapping[str, Array], document: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned."""
        seen, names, kinds = (
            Texts.of_arrays(name, arrays).tolist()
            for name in ("seen", "gazetteer", "kinds")
        )
        self.seen_ = set(seen)
        self.gazetteer_ = dict(zip(names, kinds, strict=True))
        self.tagger_ = Tagger.from_arrays(arrays, self.window)
        self.threshold_ = float(document["threshold"])

    # --- inside -----------------------------------------------------------------------

    def _check(self, data: TaggedText) -> None:
        check_whole("window", self.window, 0)
        if not isinstance(self.C, Real) or not 0 < self.C < np.inf:
            raise ValueError(f"C must be a positive number, got {self.C!r}.")
        for part in (data.train, data.validation, data.test):
            if not part.words or [*map(len, part.words)] != [*map(len, part.tags)]:
                raise ValueError(
                    "Every part must hold sentences with as many tags as words."
                )
        if not any(tag != "O" for own in location_tags(data.train) for tag in own):
            raise ValueError("The training part names no location.")
