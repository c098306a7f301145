"""Places in text: which words of a post name a location.

A tagger looks at a word and its neighbours: their letters, endings, forms, the run of
capitals around it, and the gazetteer's opinion, each with a weight that was learned;
and it tags the sentence as a whole.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.exceptions import NotFittedError

from lookalike._typing import Array, Floats, Ints
from lookalike.core import generation
from lookalike.core.card import Card
from lookalike.core.generation import Damaged, Generation
from lookalike.core.verbs import (
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
from lookalike.datasets import Tagged, TaggedText, load_wnut17
from lookalike.datasets.gazetteer import load_gazetteer
from lookalike.evaluate import (
    bootstrap_counts,
    f1_of_counts,
    paired_counts_test,
    precision_of_counts,
    recall_of_counts,
)
from lookalike.learn import WordWindowClassifier
from lookalike.systems.places.card import places_card
from lookalike.systems.places.gazetteer import (
    SMALL,
    Word,
    check_text,
    cut_with_offsets,
    describe,
    kinds_of_names,
    location_tags,
    marked,
    spans,
    words_seen,
)
from lookalike.systems.places.tagger import Names, Tagger, chosen

if TYPE_CHECKING:
    from lookalike.evaluate.report import Report as Page

Tags = list[list[str]]
BIG = ("country", "state", "large")
"""Kinds of names that are known in small letters, too."""
N_FOLDS = 4


@dataclass(frozen=True)
class Place:
    """A name of a place in a text."""

    text: str
    start: int
    """Offset of its first character."""
    end: int
    """Offset behind its last character."""
    probability: float
    """That exactly these words are the name of a place."""


class Places:
    """Find the names of places in posts.

    Parameters
    ----------
    window : int, default=2
        Neighbours on each side that a word's tag may depend on.
    C : float, default=1.0
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
        A name is answered from this probability on.
    seen_ : set of str
        Words that stood in locations of the known parts at least half of the time.
    gazetteer_ : dict of str
        Names of places, lower case, codes, in capitals, and their kinds.
    about_ : dict
        Data and measured numbers, as in ``system.json``.

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

    @classmethod
    def find_data(cls, choice: str | None, warn: Callable[[str], None]) -> TaggedText:
        """Return WNUT-17."""
        return choose(choice, {"wnut17": load_wnut17}, "places")

    def fit(self, data: TaggedText, report: Tell | None = None) -> Self:
        """Choose the threshold on parts left out; then learn from all that is known.

        The training and the validation part, end to end, are cut into four pieces. Each
        is tagged by what was learned from the others: sources stand together, so that
        this is like tagging a source that was not met.
        """
        tell = report or nobody
        self._check(data)
        tell("reading the gazetteer", 0.0)
        self.gazetteer_ = load_gazetteer() if self.gazetteer else {}
        known = both_parts(data)
        tags = location_tags(known)
        self.seen_ = words_seen(known.words, tags)
        names = self.left_out(known, tell)
        self.threshold_, reached = best_threshold(
            tags, lambda threshold: tagged(known.words, names, threshold)
        )
        tell("learning from all pieces", 0.8)
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
                "held_out_f1": reached,
                "n_symbols": len(self._tagger.model.features_),
            },
            "metrics": {},
            "comparisons": {},
        }
        tell("ready", 1.0)
        return self

    def classify(self, sentences: Sequence[Sequence[str]]) -> Tags:
        """Tag sentences that are cut into words: B, I and O, a list a sentence."""
        names = self._names(sentences)
        return tagged(sentences, names, self.threshold_)

    def tag(self, text: str) -> list[Place]:
        """Find the places of a raw text, with their offsets."""
        cut = cut_with_offsets(check_text(text))
        [names] = self._names([[word for word, _ in cut]])
        found = []
        for first, last in chosen(names, self.threshold_):
            start, end = cut[first][1], cut[last - 1][1] + len(cut[last - 1][0])
            found.append(Place(text[start:end], start, end, names[first, last]))
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
        shares = self._tagger.inside(sentence)
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
            (whole - float(self._tagger.inside(other)[place]), what)
            for what, other in changes
        ]
        reasons = [
            f"{words[place]!r} is part of a location with probability {whole:.2f}; "
            f"a name is answered from {self.threshold_:.2f} on",
            *(f"if {what}: {-fall:+.2f}" for fall, what in sorted(falls)[::-1]),
        ]
        return Explanation(self.answer([name], [query])[0], tuple(reasons))

    def evaluate(self, data: TaggedText, report: Tell | None = None) -> Measured:
        """Measure words and whole names on the test part, beside two lists.

        Sentences are the unit of chance; a paired test exchanges the answers of two
        systems sentence by sentence. The lists: words that were seen in locations; the
        longest names of the gazetteer that begin with a capital letter (of its large
        half, if that is better on the validation part); and the gazetteer with whatever
        of codes, small letters and sizes is best on all that is known. And a small
        network on the same words and marks.
        """
        tell = report or nobody
        tell("tagging the test sentences", 0.1)
        truth = location_tags(data.test)
        taggings = {"": self.classify(data.test.words)}
        taggings["words_seen_in_training"] = [
            run(word.lower() in self.seen_ for word in sentence)
            for sentence in data.test.words
        ]
        if self.gazetteer_:
            names = self.names_that_help(data)
            taggings["gazetteer"] = listed(data.test.words, names)
            best, small = self.gazetteer_at_its_best(both_parts(data))
            taggings["tuned_gazetteer"] = listed(data.test.words, best, small)
        taggings["window_network"] = self._network(data)
        tell("drawing intervals", 0.5)
        metrics, comparisons, ours = {}, {}, {}
        for name, tags in taggings.items():
            for unit, count in (("word", word_counts), ("span", span_counts)):
                counts = count(truth, tags)
                for metric in (precision_of_counts, recall_of_counts, f1_of_counts):
                    kind = metric.__name__.removesuffix("_of_counts")
                    key = f"{unit}_{kind}" + (f"_of_{name}" if name else "")
                    metrics[key] = bootstrap_counts(metric, counts)
                if not name:
                    ours[unit] = counts
                else:
                    against = f"{name.replace('_', ' ')} ({unit} F1)"
                    comparisons[against] = paired_counts_test(
                        f1_of_counts, ours[unit], counts
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
        from lookalike.systems.places.report import places_report

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
            **self._tagger.arrays(),
        }
        return generation.save(folder, self.name, arrays, self.about_)

    @classmethod
    def load(
        cls, folder: str | os.PathLike[str] | Generation, n_jobs: int | None = None
    ) -> Self:
        """Read a generation: every file checked, none of its code run."""
        found = read_generation(folder, cls.name)
        arrays = found.arrays
        if "transitions" not in arrays:
            raise Damaged(
                f"{found.folder} holds places of an earlier form; learn them anew: "
                "lookalike train places."
            )
        try:
            system = cls(**found.about["configuration"], n_jobs=n_jobs)
            system.seen_ = set(arrays["seen"].tolist()) - {""}
            kinds = zip(
                arrays["gazetteer"].tolist(), arrays["kinds"].tolist(), strict=True
            )
            system.gazetteer_ = {name: kind for name, kind in kinds if name}
            system.threshold_ = float(arrays["threshold"])
            system._tagger = Tagger.of(arrays, system.window)
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
        return Tagger.fit(sentences, kinds_of_names(part), self.window, self.C)

    def _marked(self, sentences: Sequence[Sequence[str]]) -> list[list[Word]]:
        return [marked(sentence, self.gazetteer_) for sentence in sentences]

    def _names(self, sentences: Sequence[Sequence[str]]) -> list[Names]:
        if not hasattr(self, "_tagger"):
            raise NotFittedError("Places must be fitted or loaded before it answers.")
        return self._tagger.names(self._marked(sentences))

    def left_out(self, known: Tagged, tell: Tell = nobody) -> list[Names]:
        """What each sentence's names are to a tagger of the other pieces."""
        names: list[Names] = []
        rows = np.arange(len(known.words))
        for fold, piece in enumerate(np.array_split(rows, N_FOLDS)):
            tell(f"learning without piece {fold + 1}", 0.8 * fold / N_FOLDS)
            tagger = self._learned(rows_of(known, np.setdiff1d(rows, piece)))
            names += tagger.names(self._marked(rows_of(known, piece).words))
        return names

    def names_that_help(self, data: TaggedText) -> dict[str, str]:
        """The gazetteer, or what is left without small cities, if that is better.

        Better on the validation part: the list that ours is compared with is chosen
        with the same care as ours.
        """
        names = _without(self.gazetteer_, ["state code", "country code"])
        fewer = _without(names, ["small"])
        truth = location_tags(data.validation)
        reached = [
            f1_of_counts(word_counts(truth, listed(data.validation.words, each)).sum(0))
            for each in (names, fewer)
        ]
        return fewer if reached[1] > reached[0] else names

    def gazetteer_at_its_best(self, known: Tagged) -> tuple[dict[str, str], bool]:
        """Names of the gazetteer, and whether to know them in small letters, too.

        Of all sizes of cities, kinds of codes, and both ways with small letters, what
        reaches the best mean of both F1 on the training and the validation part.
        """
        truth, best = location_tags(known), (-1.0, self.gazetteer_, False)
        for cities in ([], ["small"], ["small", "middle"]):
            for codes in (["state code", "country code"], ["country code"], []):
                names = _without(self.gazetteer_, cities + codes)
                for small in (False, True):
                    reached = mean_f1(truth, listed(known.words, names, small))
                    best = max(best, (reached, names, small), key=lambda each: each[0])
        return best[1:]

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
        for seen, part in (
            (data.train, data.validation),
            (both_parts(data), data.test),
        ):
            model.fit(self._marked(seen.words), location_tags(seen))
            columns = ["BIO".index(tag) for tag in model.classes_.tolist()]
            each = model.predict_proba(self._marked(part.words))
            wide = [np.zeros((len(p), 3)) for p in each]
            for given, p in zip(wide, each, strict=True):
                given[:, columns] = p
            shares.append(wide)
        threshold, _ = best_threshold(
            location_tags(data.validation),
            lambda t: [tags_of(p, t) for p in shares[0]],
        )
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


def both_parts(data: TaggedText) -> Tagged:
    """The training and the validation part, end to end."""
    first, second = data.train, data.validation
    return Tagged(first.words + second.words, first.tags + second.tags)


def rows_of(part: Tagged, rows: Ints) -> Tagged:
    """Some sentences of a part."""
    words, tags = (
        tuple(each[i] for i in rows.tolist()) for each in (part.words, part.tags)
    )
    return Tagged(words, tags)


def _without(names: Mapping[str, str], kinds: Sequence[str]) -> dict[str, str]:
    return {name: kind for name, kind in names.items() if kind not in kinds}


def listed(
    sentences: Sequence[Sequence[str]], names: Mapping[str, str], small: bool = False
) -> Tags:
    """Tags of sentences by the longest names of a list alone.

    Names begin with a capital letter; those of countries, states and large cities
    need not, if ``small``.
    """
    known = {f"{SMALL}{kind}" for kind in BIG} if small else set()
    return [
        run(
            mark != "" and (SMALL not in mark or mark[2:] in known)
            for _, mark in marked(sentence, names)
        )
        for sentence in sentences
    ]


def run(inside: Iterable[bool]) -> list[str]:
    """Tags of a list: neighbours that are on it are one name.

    Examples
    --------
    >>> run([True, True, False, True])
    ['B', 'I', 'O', 'B']
    """
    tags: list[str] = []
    for is_inside in inside:
        goes_on = bool(tags) and tags[-1] != "O"
        tags.append(("I" if goes_on else "B") if is_inside else "O")
    return tags


def best_threshold(
    truth: Tags, tags_at: Callable[[float], Tags]
) -> tuple[float, float]:
    """Threshold of the best mean of word F1 and span F1, and that mean."""
    grid = np.arange(0.1, 0.91, 0.025).round(3).tolist()
    reached = [mean_f1(truth, tags_at(threshold)) for threshold in grid]
    best = int(np.argmax(reached))
    return grid[best], reached[best]


def mean_f1(truth: Tags, tags: Tags) -> float:
    """Mean of the F1 of words and that of whole names."""
    both = (count(truth, tags).sum(axis=0) for count in (word_counts, span_counts))
    return float(np.mean([f1_of_counts(counts) for counts in both]))


def tagged(
    sentences: Sequence[Sequence[str]], names: Sequence[Names], threshold: float
) -> Tags:
    """Tags of sentences by the likeliest of their possible names."""
    tags = [["O"] * len(sentence) for sentence in sentences]
    for own, found in zip(tags, names, strict=True):
        for start, end in chosen(found, threshold):
            own[start:end] = ["B", *["I"] * (end - start - 1)]
    return tags


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
