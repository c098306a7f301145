"""Tongues: a text is in the language whose pairs of letters are most like its own."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from lookalike.core.base import BaseSystem
from lookalike.core.contracts import Answer, Explanation
from lookalike.core.inputs import TextInputs
from lookalike.core.progress import no_progress


@dataclass(frozen=True)
class TongueAnswer(Answer):
    """The language of one text, and the cosine with its pairs of letters."""

    label: str
    cosine: float


class Tongues(BaseSystem):
    """Say which language a text is in."""

    name = "tongues"

    def __init__(self, random_state=0, n_jobs=None):
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, data, on_progress=no_progress):
        """Learn the mean of the texts of each language."""
        self.classes_ = np.unique([language for _, language in data.train])
        self.pairs_ = np.unique([p for text, _ in data.train for p in pairs_of(text)])
        rows = np.stack([self.describe(text) for text, _ in data.train])
        y = np.array([language for _, language in data.train])
        self.means_ = np.stack([rows[y == c].mean(axis=0) for c in self.classes_])
        self.manifest_ = self.new_manifest(data, {"n_train": len(y)})
        return self

    def describe(self, text):
        """Return the counts of its pairs of letters at length one, (n_pairs,)."""
        counts = Counter(pairs_of(text))
        row = np.array([counts[pair] for pair in self.pairs_.tolist()], float)
        return row / max(np.linalg.norm(row), 1.0)

    def classify_each(self, queries):
        """Return the language of each text."""
        self.check_fitted()
        cosines = [self.means_ @ self.describe(text) for text in queries]
        return [
            [TongueAnswer(str(self.classes_[row.argmax()]), float(row.max()))]
            for row in cosines
        ]

    def explain(self, query):
        """Name the pairs of letters that speak most for the answer."""
        [[answer]] = self.classify_each([query])
        mean = self.means_[self.classes_.tolist().index(answer.label)]
        parts = mean * self.describe(query)
        best = np.argsort(-parts, kind="stable")[:3]
        reasons = [f"{self.pairs_[at]!r} adds {parts[at]:.3f}" for at in best]
        return Explanation(answer.record(), tuple(reasons))

    def check_query(self, query):
        """Return a text with letters, or refuse it."""
        return check_text(query)

    def state(self):
        """Return the means, and what their rows and columns are."""
        names = ("classes", "pairs", "means")
        return {name: getattr(self, f"{name}_") for name in names}, {}

    def restore(self, arrays, document):
        """Take up what ``state`` returned."""
        for name in ("classes", "pairs", "means"):
            setattr(self, f"{name}_", arrays[name])


def pairs_of(text):
    """Return each letter with the one after it."""
    return [a + b for a, b in zip(f" {text.lower()}", f"{text.lower()} ", strict=True)]


def check_text(text):
    """Return a text with letters, or refuse it."""
    if not isinstance(text, str) or not any(map(str.isalpha, text)):
        raise ValueError(f"A text with letters is expected, got {text!r:.50}.")
    return text


INPUTS = TextInputs("tongues.system:check_text")
