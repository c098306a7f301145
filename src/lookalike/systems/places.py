"""Places in text: which words of a post name a location.

A tagger looks at a word and its neighbours: their letters, endings, forms, the run of
capitals around it, and the gazetteer's opinion, each with a weight that was learned.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.exceptions import NotFittedError

from lookalike._typing import Array, Floats, Ints
from lookalike.datasets import Tagged, TaggedText, load_wnut17
from lookalike.datasets.gazetteer import load_gazetteer
from lookalike.evaluate import (
    bootstrap_totals,
    f1_of_totals,
    paired_totals_test,
    precision_of_totals,
    recall_of_totals,
)
from lookalike.learn import WordWindowClassifier
from lookalike.systems import generation
from lookalike.systems.card import Card
from lookalike.systems.generation import Generation
from lookalike.systems.places_card import places_card
from lookalike.systems.places_tagger import TAGS, Tagger
from lookalike.systems.places_words import (
    Word,
    check_text,
    cut_with_offsets,
    describe,
    location_tags,
    marked,
    spans,
    words_seen,
)
from lookalike.systems.verbs import (
    Answer,
    Explanation,
    Measured,
    Tell,
    choose,
    damaged,
    measured_facts,
    milliseconds,
    nobody,
    read_generation,
)

if TYPE_CHECKING:
    from lookalike.evaluate.report import Report as Page

Tags = list[list[str]]


@dataclass(frozen=True)
class Place:
    """A name of a place in a text."""

    text: str
    start: int
    """Offset of its first character."""
    end: int
    """Offset behind its last character."""
    probability: float
    """Least probability of its words to be part of a location."""


class Places:
    """Find the names of places in posts.

    Parameters
    ----------
    window : int, default=2
        Neighbours on each side that a word's tag may depend on.
    C : float, default=0.3
        Weight of the training words against the penalty of the weights.
    gazetteer : bool, default=True
        Whether the tagger is told which words are on the list of places (which comes
        with the ``places`` extra, and is saved with the system).
    random_state : int, default=0
        The only source of chance, in the network that ``evaluate`` compares with.
    n_jobs : int or None, default=None
        Taken so that all systems take it; one text is too little to share.

    Attributes
    ----------
    threshold_ : float
        A word is part of a location from this probability; chosen on the validation
        part.
    seen_ : set of str
        Words that stood in locations of the training part at least half of the time.
    gazetteer_ : dict of str
        Names of places, lower case, and their kinds.
    about_ : dict
        Data and measured numbers, as in ``system.json``.

    Examples
    --------
    >>> from lookalike.datasets import Tagged, TaggedText
    >>> cities = ["Paris", "Boston", "Lima", "Oslo"]
    >>> names = [("I", "live", "in", city) for city in cities]
    >>> names += [("I", "live", "for", city + "ism") for city in cities]
    >>> tags = [("O", "O", "O", "B-location")] * 4 + [("O",) * 4] * 4
    >>> part = Tagged(tuple(names * 8), tuple(tags * 8))
    >>> system = Places(gazetteer=False, C=10.0)
    >>> system = system.fit(TaggedText("toy", "", part, part, part))
    >>> [(p.text, p.start, p.end) for p in system.tag("They live in Quito.")]
    [('Quito', 13, 18)]
    """

    name = "places"

    threshold_: float
    seen_: set[str]
    gazetteer_: dict[str, str]
    about_: dict[str, Any]

    _tagger: Tagger

    def __init__(
        self,
        window: int = 2,
        C: float = 0.3,
        gazetteer: bool = True,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.window = window
        self.C = C
        self.gazetteer = gazetteer
        self.random_state = random_state
        self.n_jobs = n_jobs

    @classmethod
    def find_data(cls, choice: str | None, warn: Callable[[str], None]) -> TaggedText:
        """Return WNUT-17."""
        return choose(choice, {"wnut17": load_wnut17}, "places")

    def fit(self, data: TaggedText, report: Tell | None = None) -> Self:
        """Learn words; choose the threshold on the validation part; learn from both.

        The threshold is that of a tagger that has seen the training part alone.
        """
        tell = report or nobody
        self._check(data)
        tell("reading the gazetteer", 0.0)
        self.gazetteer_ = load_gazetteer() if self.gazetteer else {}
        known = _both(data.train, data.validation)
        tags = location_tags(known)
        self.seen_ = words_seen(known.words, tags)
        tell("learning words", 0.2)
        held = self._learned(data.train).probabilities(
            self._marked(data.validation.words)
        )
        self.threshold_, reached = self._best_threshold(data, held)
        tell("learning from both parts", 0.6)
        self._tagger = self._learned(known)
        self.about_ = {
            "configuration": {
                "window": self.window,
                "C": self.C,
                "gazetteer": self.gazetteer,
                "random_state": self.random_state,
            },
            "data": {"name": data.name, "checksum": data.checksum},
            "facts": {
                "n_train": len(known.words),
                "n_words": sum(map(len, known.words)),
                "n_location_words": sum(tag != "O" for own in tags for tag in own),
                "n_gazetteer": len(self.gazetteer_),
                "threshold": self.threshold_,
                "validation_f1": reached,
                "n_symbols": len(self._tagger.names),
            },
            "metrics": {},
            "comparisons": {},
        }
        tell("ready", 1.0)
        return self

    def classify(self, sentences: Sequence[Sequence[str]]) -> Tags:
        """Tag sentences that are cut into words: B, I and O, a list a sentence."""
        return [tags_of(p, self.threshold_) for p in self._probabilities(sentences)]

    def tag(self, text: str) -> list[Place]:
        """Find the places of a raw text, with their offsets."""
        cut = cut_with_offsets(check_text(text))
        [shares] = self._probabilities([[word for word, _ in cut]])
        found = []
        for first, last in sorted(spans(tags_of(shares, self.threshold_))):
            start, end = cut[first][1], cut[last - 1][1] + len(cut[last - 1][0])
            inside = shares[first:last, 0] + shares[first:last, 1]
            found.append(Place(text[start:end], start, end, float(inside.min())))
        return found

    @staticmethod
    def read(inputs: Sequence[str | os.PathLike[str]]) -> tuple[list[str], list[str]]:
        """Return texts as they were given, and the lines of files that were named."""
        names, texts = [], []
        for given in map(str, inputs):
            for name, text in _lines(given):
                try:
                    texts.append(check_text(text))
                except ValueError as error:
                    where = f"{name}: " if name != text else ""
                    raise ValueError(f"{where}{error}") from None
                names.append(name)
        return names, texts

    def answer(self, names: Sequence[str], queries: Sequence[str]) -> list[Answer]:
        """Name the places of each text; one without any has one answer without."""
        answers: list[Answer] = []
        for name, text in zip(names, queries, strict=True):
            found = self.tag(text)
            answers += [
                {
                    "text": name,
                    "place": place.text,
                    "start": place.start,
                    "end": place.end,
                    "probability": place.probability,
                }
                for place in found
            ]
            if not found:
                answers.append(
                    {
                        "text": name,
                        "place": None,
                        "start": None,
                        "end": None,
                        "probability": None,
                    }
                )
        return answers

    def explain(self, name: str, query: str) -> Explanation:
        """Take words and marks away, and see what becomes of the likeliest word."""
        words = [word for word, _ in cut_with_offsets(check_text(query))]
        sentence = marked(words, self.gazetteer_)
        shares = self._inside([sentence])[0]
        place = int(shares.argmax())
        whole, changes = float(shares[place]), []
        around = range(
            max(0, place - self.window), min(len(words), place + self.window + 1)
        )
        for i in around:
            text, mark = sentence[i]
            if mark:
                without = [*sentence[:i], (text, ""), *sentence[i + 1 :]]
                changes.append((f"{text!r} were not in the gazetteer", without))
            blank = [*sentence[:i], ("\x00", ""), *sentence[i + 1 :]]
            changes.append((f"{text!r} were a word never seen", blank))
        falls = [
            (whole - float(self._inside([other])[0][place]), what)
            for what, other in changes
        ]
        reasons = [
            f"{words[place]!r} is part of a location with probability {whole:.2f}; "
            f"{self.threshold_:.2f} is needed",
            *(f"if {what}: {-fall:+.2f}" for fall, what in sorted(falls)[::-1]),
        ]
        return Explanation(self.answer([name], [query])[0], tuple(reasons))

    def evaluate(self, data: TaggedText, report: Tell | None = None) -> Measured:
        """Measure words and whole names on the test part, beside two lists.

        Sentences are the unit of chance; a paired test exchanges the answers of two
        systems sentence by sentence. The lists: words that were seen in locations, and
        the longest names of the gazetteer (of its large half, if that is better on
        the validation part). And a small network on the same words and marks.
        """
        tell = report or nobody
        tell("tagging the test sentences", 0.1)
        truth = location_tags(data.test)
        taggings = {"": self.classify(data.test.words)}
        taggings["words_seen_in_training"] = [
            self._run(word.lower() in self.seen_ for word in sentence)
            for sentence in data.test.words
        ]
        if self.gazetteer_:
            names = self._names_that_help(data)
            taggings["gazetteer"] = self._listed(data.test.words, names)
        taggings["window_network"] = self._network(data)
        tell("drawing intervals", 0.5)
        metrics, comparisons, ours = {}, {}, {}
        for name, tags in taggings.items():
            for unit, count in (("word", word_counts), ("span", span_counts)):
                counts = count(truth, tags)
                for metric in (precision_of_totals, recall_of_totals, f1_of_totals):
                    kind = metric.__name__.removesuffix("_of_totals")
                    key = f"{unit}_{kind}" + (f"_of_{name}" if name else "")
                    metrics[key] = bootstrap_totals(metric, counts)
                if not name:
                    ours[unit] = counts
                else:
                    against = f"{name.replace('_', ' ')} ({unit} F1)"
                    comparisons[against] = paired_totals_test(
                        f1_of_totals, ours[unit], counts
                    )
        measured = Measured(
            f"{len(truth):,} test sentences",
            metrics,
            comparisons,
            {"sentences": data.test.words, "truth": truth, "tags": taggings[""]},
        )
        self.about_ |= measured_facts(measured)
        self.about_["facts"] |= {
            "n_test": len(truth),
            "milliseconds_per_answer": milliseconds(
                self.classify, [[sentence] for sentence in data.test.words[:50]]
            ),
        }
        tell("ready", 1.0)
        return measured

    def report(self, data: TaggedText, measured: Measured) -> "Page":
        """Return the page on what was measured."""
        from lookalike.systems.places_report import places_report

        return places_report(self, measured)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the system as a generation, complete or not at all."""
        arrays: dict[str, Array] = {
            "seen": np.array(sorted(self.seen_) or [""]),
            "gazetteer": np.array(sorted(self.gazetteer_) or [""]),
            "kinds": np.array(
                [self.gazetteer_[n] for n in sorted(self.gazetteer_)] or [""]
            ),
            "threshold": np.array(self.threshold_),
            "symbols": self._tagger.names,
            "weights": self._tagger.weights,
            "offsets": self._tagger.offsets,
        }
        return generation.save(folder, self.name, arrays, self.about_)

    @classmethod
    def load(
        cls, folder: str | os.PathLike[str] | Generation, n_jobs: int | None = None
    ) -> Self:
        """Read a generation: every file checked, none of its code run."""
        found = read_generation(folder, cls.name)
        arrays = found.arrays
        try:
            system = cls(**found.about["configuration"], n_jobs=n_jobs)
            system.seen_ = set(arrays["seen"].tolist()) - {""}
            kinds = zip(
                arrays["gazetteer"].tolist(), arrays["kinds"].tolist(), strict=True
            )
            system.gazetteer_ = {name: kind for name, kind in kinds if name}
            system.threshold_ = float(arrays["threshold"])
            system._tagger = Tagger(
                arrays["symbols"], arrays["weights"], arrays["offsets"], system.window
            )
            keys = ("configuration", "data", "facts", "metrics", "comparisons")
            system.about_ = {key: found.about[key] for key in keys}
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(found, cls.name, error) from None
        return system

    def card(self) -> Card:
        """Tell the system in nine steps, with the numbers that were measured."""
        return places_card(self.about_)

    def _learned(self, part: Tagged) -> Tagger:
        sentences = self._marked(part.words)
        return Tagger.fit(sentences, location_tags(part), self.window, self.C)

    def _marked(self, sentences: Sequence[Sequence[str]]) -> list[list[Word]]:
        return [marked(sentence, self.gazetteer_) for sentence in sentences]

    def _probabilities(self, sentences: Sequence[Sequence[str]]) -> list[Floats]:
        """Probabilities of B, I and O, an array (n_words, 3) a sentence."""
        if not hasattr(self, "_tagger"):
            raise NotFittedError("Places must be fitted or loaded before it answers.")
        return self._tagger.probabilities(self._marked(sentences))

    def _inside(self, sentences: Sequence[Sequence[Word]]) -> list[Floats]:
        return [p[:, 0] + p[:, 1] for p in self._tagger.probabilities(sentences)]

    def _names_that_help(self, data: TaggedText) -> dict[str, str]:
        """The gazetteer, or what is left without small cities, if that is better.

        Better on the validation part: the list that ours is compared with is chosen
        with the same care as ours.
        """
        fewer = {n: kind for n, kind in self.gazetteer_.items() if kind != "small"}
        truth = location_tags(data.validation)
        reached = [
            f1_of_totals(
                word_counts(truth, self._listed(data.validation.words, names)).sum(0)
            )
            for names in (self.gazetteer_, fewer)
        ]
        return fewer if reached[1] > reached[0] else self.gazetteer_

    def _listed(
        self, sentences: Sequence[Sequence[str]], names: Mapping[str, str]
    ) -> Tags:
        """Tags of sentences by the longest names of a list alone."""
        return [
            self._run(mark != "" for _, mark in marked(sentence, names))
            for sentence in sentences
        ]

    @staticmethod
    def _run(inside: Any) -> list[str]:
        """Tags of a list: neighbours that are on it are one name."""
        tags: list[str] = []
        for is_inside in inside:
            goes_on = bool(tags) and tags[-1] != "O"
            tags.append(("I" if goes_on else "B") if is_inside else "O")
        return tags

    def _best_threshold(
        self, data: TaggedText, shares: Sequence[Floats]
    ) -> tuple[float, float]:
        """Threshold of the best word F1 on the validation part, and that F1."""
        truth = location_tags(data.validation)
        best = (0.5, -1.0)
        for threshold in np.arange(0.1, 0.91, 0.05).round(2).tolist():
            tags = [tags_of(p, threshold) for p in shares]
            reached = float(f1_of_totals(word_counts(truth, tags).sum(axis=0)))
            if reached > best[1]:
                best = (threshold, reached)
        return best

    def _network(self, data: TaggedText) -> Tags:
        """Tags of the test part by a small network on the same marked words."""
        model = WordWindowClassifier(
            self.window,
            describe=describe,
            min_count=2,
            max_iter=6,
            random_state=self.random_state,
        )
        shares = []
        known = _both(data.train, data.validation)
        for seen, part in ((data.train, data.validation), (known, data.test)):
            model.fit(self._marked(seen.words), location_tags(seen))
            columns = [TAGS.index(tag) for tag in model.classes_.tolist()]
            each = model.predict_proba(self._marked(part.words))
            wide = [np.zeros((len(p), len(TAGS))) for p in each]
            for given, p in zip(wide, each, strict=True):
                given[:, columns] = p
            shares.append(wide)
        threshold, _ = self._best_threshold(data, shares[0])
        return [tags_of(p, threshold) for p in shares[1]]

    def _check(self, data: TaggedText) -> None:
        if not isinstance(self.window, Integral) or int(self.window) < 0:
            raise ValueError(
                f"window must be a whole number of at least 0, got {self.window!r}."
            )
        if not isinstance(self.C, Real) or not 0 < self.C < np.inf:
            raise ValueError(f"C must be a positive number, got {self.C!r}.")
        for part in (data.train, data.validation, data.test):
            if not part.words or [*map(len, part.words)] != [*map(len, part.tags)]:
                raise ValueError(
                    "Every part must hold sentences with as many tags as words."
                )
        if not any(tag != "O" for own in location_tags(data.train) for tag in own):
            raise ValueError("The training part names no location.")


def _both(first: Tagged, second: Tagged) -> Tagged:
    return Tagged(first.words + second.words, first.tags + second.tags)


def tags_of(shares: Floats, threshold: float) -> list[str]:
    """Tags of a sentence's probabilities: a location from the threshold on.

    Examples
    --------
    >>> tags_of(np.array([[0.1, 0.5, 0.4], [0.1, 0.6, 0.3], [0.2, 0.1, 0.7]]), 0.5)
    ['B', 'I', 'O']
    """
    inside = shares[:, 0] + shares[:, 1] >= threshold
    begins = shares[:, 0] >= shares[:, 1]
    tags, before = [], False
    for is_inside, is_first in zip(inside.tolist(), begins.tolist(), strict=True):
        first = is_inside and (is_first or not before)
        tags.append("B" if first else "I" if is_inside else "O")
        before = is_inside
    return tags


def word_counts(truth: Tags, tags: Tags) -> Ints:
    """Words rightly, wrongly and not taken for parts of locations, a row a sentence."""
    rows = []
    for own, given in zip(truth, tags, strict=True):
        pairs = [(a != "O", b != "O") for a, b in zip(own, given, strict=True)]
        hits = sum(a and b for a, b in pairs)
        rows.append(
            (hits, sum(b for _, b in pairs) - hits, sum(a for a, _ in pairs) - hits)
        )
    return np.array(rows, dtype=np.int64)


def span_counts(truth: Tags, tags: Tags) -> Ints:
    """Whole names rightly, wrongly and not found, a row a sentence."""
    rows = []
    for own, given in zip(truth, tags, strict=True):
        a, b = spans(own), spans(given)
        rows.append((len(a & b), len(b - a), len(a - b)))
    return np.array(rows, dtype=np.int64)


def _lines(given: str) -> list[tuple[str, str]]:
    """A text under its own name, or the lines of a file under theirs."""
    try:
        is_file = Path(given).is_file()
    except OSError:  # longer than a name of a file can be
        is_file = False
    if not is_file:
        return [(given, given)]
    try:
        lines = Path(given).read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise ValueError(f"{given} is no text in UTF-8.") from None
    if not lines:
        raise ValueError(f"{given} is empty; expected a text a line.")
    return [(f"{given}, line {n}", line) for n, line in enumerate(lines, start=1)]
