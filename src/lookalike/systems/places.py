"""Places in text: which words of a post name a location.

A tagger looks at a word and its neighbours: their letters, endings, forms, and the
gazetteer's opinion. Several taggers that started differently are averaged.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.exceptions import NotFittedError

from lookalike._typing import Array, Floats, Ints
from lookalike.datasets import TaggedText, load_wnut17
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
from lookalike.systems.places_tagger import Tagger
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
    max_iter : int, default=6
        Passes over the training sentences.
    n_taggers : int, default=8
        Taggers whose probabilities are averaged.
    gazetteer : bool, default=True
        Whether the tagger is told which words are on the list of places (which comes
        with the ``places`` extra, and is saved with the system).
    random_state : int, default=0
        The only source of chance.
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
    >>> system = Places(gazetteer=False, n_taggers=1, max_iter=30)
    >>> system = system.fit(TaggedText("toy", "", part, part, part))
    >>> [(p.text, p.start, p.end) for p in system.tag("They live in Quito.")]
    [('Quito', 13, 18)]
    """

    name = "places"

    threshold_: float
    seen_: set[str]
    gazetteer_: dict[str, str]
    about_: dict[str, Any]

    _taggers: list[Tagger]

    def __init__(
        self,
        window: int = 2,
        max_iter: int = 6,
        n_taggers: int = 8,
        gazetteer: bool = True,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.window = window
        self.max_iter = max_iter
        self.n_taggers = n_taggers
        self.gazetteer = gazetteer
        self.random_state = random_state
        self.n_jobs = n_jobs

    @classmethod
    def find_data(cls, choice: str | None, warn: Callable[[str], None]) -> TaggedText:
        """Return WNUT-17."""
        return choose(choice, {"wnut17": load_wnut17}, "places")

    def fit(self, data: TaggedText, report: Tell | None = None) -> Self:
        """Learn from the training part; choose the threshold on the validation part."""
        tell = report or nobody
        self._check(data)
        tell("reading the gazetteer", 0.0)
        self.gazetteer_ = load_gazetteer() if self.gazetteer else {}
        tags = location_tags(data.train)
        self.seen_ = words_seen(data.train.words, tags)
        sentences = self._marked(data.train.words)
        taggers, curves = [], []
        for k in range(self.n_taggers):
            tell("learning words", 0.1 + 0.8 * k / self.n_taggers)
            model = WordWindowClassifier(
                self.window,
                describe=describe,
                min_count=2,
                max_iter=self.max_iter,
                random_state=self.random_state + k,
            )
            model.fit(sentences, tags)
            taggers.append(Tagger.of(model))
            curves.append(model.loss_curve_)
        self._taggers = taggers
        tell("choosing the threshold", 0.95)
        self.threshold_, reached = self._best_threshold(data)
        self.about_ = {
            "configuration": {
                "window": self.window,
                "max_iter": self.max_iter,
                "n_taggers": self.n_taggers,
                "gazetteer": self.gazetteer,
                "random_state": self.random_state,
            },
            "data": {"name": data.name, "checksum": data.checksum},
            "facts": {
                "n_train": len(data.train.words),
                "n_words": sum(map(len, data.train.words)),
                "n_location_words": sum(tag != "O" for own in tags for tag in own),
                "n_gazetteer": len(self.gazetteer_),
                "threshold": self.threshold_,
                "validation_f1": reached,
                "loss_curve": np.mean(curves, axis=0).round(5).tolist(),
            },
            "metrics": {},
            "comparisons": {},
        }
        tell("ready", 1.0)
        return self

    def classify(self, sentences: Sequence[Sequence[str]]) -> Tags:
        """Tag sentences that are cut into words: B, I and O, a list a sentence."""
        return [self._tags(p) for p in self._probabilities(sentences)]

    def tag(self, text: str) -> list[Place]:
        """Find the places of a raw text, with their offsets."""
        cut = cut_with_offsets(check_text(text))
        [shares] = self._probabilities([[word for word, _ in cut]])
        found = []
        for first, last in sorted(spans(self._tags(shares))):
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
        the validation part).
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
        }
        for k, tagger in enumerate(self._taggers):
            arrays |= {f"tagger{k}_{key}": a for key, a in tagger.arrays().items()}
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
            system._taggers = [
                Tagger.from_arrays(_with_prefix(arrays, f"tagger{k}_"))
                for k in range(system.n_taggers)
            ]
            keys = ("configuration", "data", "facts", "metrics", "comparisons")
            system.about_ = {key: found.about[key] for key in keys}
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(found, cls.name, error) from None
        return system

    def card(self) -> Card:
        """Tell the system in nine steps, with the numbers that were measured."""
        return places_card(self.about_)

    def _marked(self, sentences: Sequence[Sequence[str]]) -> list[list[Word]]:
        return [marked(sentence, self.gazetteer_) for sentence in sentences]

    def _probabilities(self, sentences: Sequence[Sequence[str]]) -> list[Floats]:
        """Probabilities of B, I and O, an array (n_words, 3) a sentence."""
        if not hasattr(self, "_taggers"):
            raise NotFittedError("Places must be fitted or loaded before it answers.")
        return self._averaged(self._marked(sentences))

    def _averaged(self, sentences: Sequence[Sequence[Word]]) -> list[Floats]:
        all_of = [tagger.probabilities(sentences) for tagger in self._taggers]
        return [np.mean(each, axis=0) for each in zip(*all_of, strict=True)]

    def _inside(self, sentences: Sequence[Sequence[Word]]) -> list[Floats]:
        return [p[:, 0] + p[:, 1] for p in self._averaged(sentences)]

    def _tags(self, shares: Floats) -> list[str]:
        """Tags of a sentence: a location from the threshold on."""
        inside = shares[:, 0] + shares[:, 1] >= self.threshold_
        begins = shares[:, 0] >= shares[:, 1]
        tags, before = [], False
        for is_inside, is_first in zip(inside.tolist(), begins.tolist(), strict=True):
            first = is_inside and (is_first or not before)
            tags.append("B" if first else "I" if is_inside else "O")
            before = is_inside
        return tags

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

    def _best_threshold(self, data: TaggedText) -> tuple[float, float]:
        """Threshold of the best word F1 on the validation part, and that F1."""
        truth = location_tags(data.validation)
        shares = self._probabilities(data.validation.words)
        best = (0.5, -1.0)
        for threshold in np.arange(0.1, 0.91, 0.05).round(2).tolist():
            self.threshold_ = threshold
            counts = word_counts(truth, [self._tags(p) for p in shares])
            reached = float(f1_of_totals(counts.sum(axis=0)))
            if reached > best[1]:
                best = (threshold, reached)
        return best

    def _check(self, data: TaggedText) -> None:
        for name, least in (("window", 0), ("max_iter", 1), ("n_taggers", 1)):
            value = getattr(self, name)
            if not isinstance(value, Integral) or int(value) < least:
                raise ValueError(
                    f"{name} must be a whole number of at least {least}, got {value!r}."
                )
        for part in (data.train, data.validation, data.test):
            if not part.words or [*map(len, part.words)] != [*map(len, part.tags)]:
                raise ValueError(
                    "Every part must hold sentences with as many tags as words."
                )
        if not any(tag != "O" for own in location_tags(data.train) for tag in own):
            raise ValueError("The training part names no location.")


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


def _with_prefix(arrays: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    return {
        key.removeprefix(prefix): array
        for key, array in arrays.items()
        if key.startswith(prefix)
    }
