"""Faces: say who is on a picture, or that it is a stranger.

A face becomes a vector of length one; people are the means of the vectors of their
enrolled pictures, so that a new person is enrolled without learning anything again.
A face that is not similar enough to anybody's mean is a stranger's.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from lookalike._arrays import named, prefixed, product_by_row
from lookalike._typing import Array, Floats
from lookalike.core.base import BaseSystem
from lookalike.core.contracts import Answer, Explanation
from lookalike.core.inputs import check_image, check_images, check_labels
from lookalike.core.manifest import Manifest
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.datasets import People
from lookalike.features.blank import blank_rows, check_not_blank
from lookalike.systems.faces.data import SHAPE
from lookalike.systems.faces.embedding import FaceEmbedding, PairEmbedding, centres
from lookalike.systems.faces.explanation import most_alike
from lookalike.systems.faces.splits import (
    N_ENROLLED,
    N_GROUPS,
    enrolment,
    groups_of,
    pairs,
    threshold_accepting,
)


@dataclass(frozen=True)
class RecognitionResult:
    """Answers to a batch of faces."""

    labels: Array  # (n_faces,), the person most alike
    similarities: Floats  # (n_faces,), cosine with that person's mean, -1 to 1
    known: Array  # (n_faces,) of bool: whether it is alike enough


@dataclass(frozen=True)
class FaceAnswer(Answer):
    """Who is on one picture; the label of a stranger is None."""

    label: str | None
    most_alike: str
    similarity: float
    stranger: bool


class Faces(BaseSystem):
    """Recognise people by their faces, and refuse strangers.

    Parameters
    ----------
    false_accepts : float, default=0.01
        Share of pairs of different people that verification may take for one person.
    strangers : float, default=0.05
        Share of strangers that may be taken for somebody known.
    random_state : int, default=0
        Chooses the pictures that are enrolled, and the groups of people that are left
        out to choose thresholds.
    n_jobs : int or None, default=None
        Taken so that all systems take it; one face is too little to share.

    Attributes
    ----------
    images_ : ndarray of uint8, shape (n_enrolled, 112, 92)
        The enrolled faces.
    people_ : ndarray of str, shape (n_enrolled,)
        Who is on them.
    vectors_ : ndarray of shape (n_enrolled, n_dimensions)
        Their vectors.
    names_ : ndarray of str, shape (n_people,)
        Who is known, sorted.
    means_ : ndarray of shape (n_people, n_dimensions)
        The mean vector of each of them, at length one.
    threshold_ : float
        Two pictures show one person if their cosine is at least this.
    stranger_threshold_ : float
        A face belongs to a known person if its cosine with their mean is at least
        this.
    manifest_ : Manifest
        Data and, once loaded, the measured numbers.
    """

    name = "faces"

    images_: Array
    people_: Array
    vectors_: Floats
    names_: Array
    means_: Floats
    threshold_: float
    stranger_threshold_: float

    _embedding: FaceEmbedding
    _pairing: PairEmbedding

    def __init__(
        self,
        false_accepts: float = 0.01,
        strangers: float = 0.05,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.false_accepts = false_accepts
        self.strangers = strangers
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, data: People, on_progress: ProgressCallback = no_progress) -> Self:
        """Learn from five pictures of each person, and enrol them.

        Raises
        ------
        ValueError
            If there are fewer than eight people, or somebody has fewer than six
            pictures, one of which is left to test on.
        """
        data = self.check_data(data)
        enrolled = enrolment(data.people, self.random_state)
        on_progress("learning the embedding", 0.1)
        self.fit_enrolled(
            replace(data, images=data.images[enrolled], people=data.people[enrolled])
        )
        on_progress("ready", 1.0)
        return self

    def refit(self, data: People, on_progress: ProgressCallback = no_progress) -> Self:
        """Return the system that answers: it has learned from all pictures.

        Evaluation learns anew for each split, and so measures both alike.
        """
        self.check_fitted()
        on_progress("learning from all pictures", 0.1)
        system = copy(self).fit_enrolled(self.check_data(data))
        system.mark_refitted(True)
        return system

    def before_refit(self, data: People) -> Self:
        """Return a system like the one measured, of one that ``refit`` has returned."""
        if not self.is_refitted or data.checksum != self.manifest_.data["checksum"]:
            return self
        return copy(self).fit(data)

    def fit_enrolled(self, data: People) -> Self:
        """Learn embedding and thresholds from all pictures of checked data; enrol them.

        The thresholds come from people left out, whom the embedding has not seen.
        """
        images, people = data.images, data.people
        self._embedding = FaceEmbedding().fit(images, people)
        self._pairing = PairEmbedding().fit(images, people)
        self._take_up(images, people, self._embedding.transform(images))
        different, best = [], []
        for out, inside in groups_of(people, self.random_state + 1):
            embedding = FaceEmbedding().fit(images[inside], people[inside])
            strange = embedding.transform(images[out])
            pairing = PairEmbedding().fit(images[inside], people[inside])
            beside = pairing.transform(images[out])
            different.append(pairs(beside, people[out])[1])
            means = centres(embedding.transform(images[inside]), people[inside])[1]
            best.append((strange @ means.T).max(axis=1))
        self.threshold_ = threshold_accepting(
            np.concatenate(different), self.false_accepts
        )
        self.stranger_threshold_ = threshold_accepting(
            np.concatenate(best), self.strangers
        )
        self.manifest_: Manifest = self.new_manifest(data, {"n_learned": len(people)})
        return self

    def check_data(self, data: People) -> People:
        """Return data with checked faces and people as text, or refuse it.

        Raises
        ------
        ValueError
            If the options, or what is in the data, cannot be learned from.
        """
        for name, value in (
            ("false_accepts", self.false_accepts),
            ("strangers", self.strangers),
        ):
            if not 0 < value < 1:
                raise ValueError(f"{name} must lie between 0 and 1, got {value!r}.")
        images = check_images(data.images, SHAPE)
        people = check_labels(data.people, len(images)).astype(str)
        names, counts = np.unique(people, return_counts=True)
        if len(names) < 2 * N_GROUPS:
            raise ValueError(
                f"At least {2 * N_GROUPS} people are needed, got {len(names)}."
            )
        if counts.min() <= N_ENROLLED:
            raise ValueError(
                f"At least {N_ENROLLED + 1} pictures of each person are needed, got "
                f"{counts.min()} of {names[counts.argmin()]}."
            )
        return replace(data, images=images, people=people)

    # --- answers ----------------------------------------------------------------------

    def classify(self, images: Sequence[Array] | Array) -> RecognitionResult:
        """Say who is on each face, (n_faces, 112, 92), and whether that is enough.

        A blank picture is like nobody: its similarity is 0, and it is not known.
        """
        alike = product_by_row(self.describe(images), self.means_.T)
        blank = blank_rows(images)
        best = np.where(blank, 0.0, alike.max(axis=1))
        names = self.names_[alike.argmax(axis=1)]
        known = ~blank & (best >= self.stranger_threshold_)
        return RecognitionResult(names, best, known)

    def verify(
        self, first: Sequence[Array] | Array, second: Sequence[Array] | Array
    ) -> tuple[Floats, Array]:
        """Return cosines of faces pair by pair, and whether each is one person.

        They need not be known: these cosines are of vectors that serve for anybody. A
        blank picture shows nobody: the cosine of its pair is 0, and it is not one
        person.
        """
        vectors = (self.describe_for_pairs(images) for images in (first, second))
        blank = blank_rows(first) | blank_rows(second)
        cosines = np.where(blank, 0.0, np.multiply(*vectors).sum(axis=1))
        return cosines, ~blank & (cosines >= self.threshold_)

    def enrol(self, images: Sequence[Array] | Array, name: str) -> Self:
        """Add a person, or pictures of one, without learning anything again.

        Two pictures are enough; more are better.
        """
        if not str(name).strip():
            raise ValueError("A person needs a name, got none.")
        self.check_fitted()
        images = check_images(images, SHAPE)
        for image in images:
            check_not_blank(image, "a face")
        vectors = self.describe(images)
        self._take_up(
            np.concatenate([self.images_, images]),
            np.append(self.people_, [str(name)] * len(vectors)),
            np.concatenate([self.vectors_, vectors]),
        )
        return self

    def unenrol(self, name: str) -> Self:
        """Forget a person and all pictures of theirs; nothing is learned again.

        The embedding and the thresholds, in which a person of the training pictures had
        a part, stay.

        Raises
        ------
        ValueError
            If nobody of that name is enrolled, or nobody else is.
        """
        self.check_fitted()
        kept = self.people_ != str(name)
        if kept.all():
            raise ValueError(f"Nobody called {str(name)!r} is enrolled.")
        if not kept.any():
            raise ValueError(f"{name!r} is the last who is enrolled; one must stay.")
        self._take_up(self.images_[kept], self.people_[kept], self.vectors_[kept])
        return self

    def classify_each(self, queries: Sequence[Array]) -> list[list[Answer]]:
        """Say who is on each picture."""
        found = self.classify(queries)
        answers: list[list[Answer]] = []
        for label, similarity, known in zip(
            found.labels.tolist(),
            found.similarities.tolist(),
            found.known.tolist(),
            strict=True,
        ):
            who = label if known else None
            answers.append([FaceAnswer(who, label, similarity, not known)])
        return answers

    def explain(self, query: Array) -> Explanation:
        """Show the enrolled faces that are most alike, and the threshold."""
        [[answer]] = self.classify_each([query])
        record = answer.record()
        cosines = self.vectors_ @ self.describe([query])[0]
        rows = np.argsort(-cosines, kind="stable")[:8]
        images, people, cosines = self.images_[rows], self.people_[rows], cosines[rows]
        verdict = "not enough for" if record["stranger"] else "enough for"
        reasons = (
            f"cosine {record['similarity']:.3f} with the mean of "
            f"{record['most_alike']}, {verdict} the {self.stranger_threshold_:.3f} "
            "that is needed",
            *(
                f"cosine {cosine:.3f} with a picture of {person}"
                for cosine, person in zip(cosines, people, strict=True)
            ),
        )
        page = most_alike(query, images, people, cosines)
        return Explanation(record, reasons, page)

    def describe(self, images: Sequence[Array] | Array) -> Floats:
        """Map faces to the vectors that tell people apart, (n_faces, n_dimensions)."""
        self.check_fitted()
        return self._embedding.transform(check_images(images, SHAPE))

    def describe_for_pairs(self, images: Sequence[Array] | Array) -> Floats:
        """Map faces to the vectors that are verified, (n_faces, n_pair_dimensions)."""
        self.check_fitted()
        return self._pairing.transform(check_images(images, SHAPE))

    def check_query(self, query: Array) -> Array:
        """Return one face of 112 by 92 pixels, or refuse it."""
        face = check_image(query, SHAPE)
        check_not_blank(face, "a face")
        return face

    def warm_up(self) -> None:
        """Compile what recognising and verifying need."""
        self.classify(self.images_[:1])
        self.verify(self.images_[:1], self.images_[:1])

    # --- saving -----------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return the enrolled pictures, both embeddings and the thresholds."""
        return {
            "images": self.images_,
            "people": self.people_,
            "vectors": self.vectors_,
            "thresholds": np.array([self.threshold_, self.stranger_threshold_]),
            **self._embedding.arrays(),
            **prefixed("pair_", self._pairing.arrays()),
        }, {}

    def restore(self, arrays: Mapping[str, Array], document: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned."""
        self._embedding = FaceEmbedding.from_arrays(arrays)
        self._pairing = PairEmbedding.from_arrays(named("pair_", arrays))
        self._take_up(*(arrays[key] for key in ("images", "people", "vectors")))
        self.threshold_, self.stranger_threshold_ = arrays["thresholds"].tolist()

    # --- inside -----------------------------------------------------------------------

    def _take_up(self, images: Array, people: Array, vectors: Floats) -> None:
        if not len(images) == len(people) == len(vectors):
            raise ValueError("its pictures, people and vectors do not fit.")
        if vectors.shape[1:] != self._embedding.matrix.shape[1:]:
            raise ValueError("its vectors are not those of its embedding.")
        self.images_, self.people_, self.vectors_ = images, people, vectors
        self.names_, self.means_ = centres(vectors, people)
