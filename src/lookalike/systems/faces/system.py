"""Faces: say who is on a picture, or that it is a stranger.

A face becomes a vector of length one; people are the means of the vectors of their
enrolled pictures, so that a new person is enrolled without learning anything again.
Whoever is like nobody enough is a stranger.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.exceptions import NotFittedError

from lookalike._typing import Array, Floats
from lookalike.core import generation
from lookalike.core.card import Card
from lookalike.core.generation import Generation
from lookalike.core.verbs import (
    Answer,
    Explanation,
    Measured,
    Tell,
    about_of,
    choose,
    damaged,
    image_files,
    measured_facts,
    milliseconds,
    nobody,
    read_generation,
    read_images,
)
from lookalike.datasets import People, load_orl_faces
from lookalike.features.face_detection import Box, cut_face, find_faces
from lookalike.systems.digits.system import check_images, check_labels
from lookalike.systems.faces.card import faces_card
from lookalike.systems.faces.embedding import (
    FaceEmbedding,
    PairEmbedding,
    centres,
)

if TYPE_CHECKING:
    from lookalike.evaluate.report import Report as Page

SHAPE = (112, 92)
"""Height and width of a face, as in the ORL pictures."""
N_ENROLLED = 5
"""Images of each person that are enrolled when a data set is learned."""
N_GROUPS = 4
"""Groups of people that are left out in turn to choose thresholds."""
MARGIN = 0.1
"""How much wider than the detector's box a face is cut, as a share of the box."""


@dataclass(frozen=True)
class Labels:
    """Answers to a batch of faces."""

    labels: Array  # (n_faces,), the person most alike
    similarities: Floats  # (n_faces,), cosine with that person's mean, -1 to 1
    known: Array  # (n_faces,) of bool: whether it is alike enough


class Faces:
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
    threshold_ : float
        Two pictures show one person if their cosine is at least this.
    stranger_threshold_ : float
        A face belongs to a known person if its cosine with their mean is at least
        this.
    about_ : dict
        Data and measured numbers, as in ``system.json``.
    """

    name = "faces"

    images_: Array
    people_: Array
    vectors_: Floats
    names_: Array
    threshold_: float
    stranger_threshold_: float
    about_: dict[str, Any]

    _embedding: FaceEmbedding
    _pairing: PairEmbedding
    _means: Floats

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

    @classmethod
    def find_data(cls, choice: str | None, warn: Callable[[str], None]) -> People:
        """Return the ORL faces, or those in a folder with a folder for each person."""
        if choice is not None and Path(choice).is_dir():
            return people_in(Path(choice))
        return choose(choice, {"orl_faces": load_orl_faces}, "faces, or a folder,")

    def fit(self, data: People, report: Tell | None = None) -> Self:
        """Learn from five pictures of each person, and enrol them.

        Raises
        ------
        ValueError
            If there are fewer than four people, or somebody has fewer than six
            pictures, one of which is left to test on.
        """
        tell = report or nobody
        images, people = self._checked(data)
        enrolled = enrolment(people, self.random_state)
        tell("learning the embedding", 0.1)
        self._learn(images[enrolled], people[enrolled])
        self.about_ = {
            "configuration": {
                "false_accepts": self.false_accepts,
                "strangers": self.strangers,
                "random_state": self.random_state,
            },
            "data": {"name": data.name, "checksum": data.checksum},
            "facts": {
                "n_dimensions": self.vectors_.shape[1],
                "threshold": self.threshold_,
                "stranger_threshold": self.stranger_threshold_,
            },
            "metrics": {},
            "comparisons": {},
        }
        tell("ready", 1.0)
        return self

    def classify(self, images: Array) -> Labels:
        """Say who is on each face, (n_faces, 112, 92), and whether that is enough."""
        alike = self._vectors(images) @ self._means.T
        best = alike.max(axis=1)
        names = self.names_[alike.argmax(axis=1)]
        return Labels(names, best, best >= self.stranger_threshold_)

    def verify(self, first: Array, second: Array) -> tuple[Floats, Array]:
        """Return cosines of faces pair by pair, and whether each is one person.

        They need not be known: these cosines are of vectors that serve for anybody.
        """
        cosines = (self._pair_vectors(first) * self._pair_vectors(second)).sum(axis=1)
        return cosines, cosines >= self.threshold_

    def enrol(self, images: Array, name: str) -> Self:
        """Add a person, or pictures of one, without learning anything again.

        Two pictures are enough; more are better.
        """
        if not str(name).strip():
            raise ValueError("A person needs a name, got none.")
        vectors = self._vectors(images)
        people = np.append(self.people_, [str(name)] * len(vectors))
        self._enrolled(
            np.concatenate([self.images_, check_images(images, SHAPE)]),
            people,
            np.concatenate([self.vectors_, vectors]),
        )
        return self

    @staticmethod
    def read(inputs: Sequence[str | os.PathLike[str]]) -> tuple[list[str], Array]:
        """Return the image files that were named, and the one face on each."""
        files = image_files(inputs)
        return list(map(str, files)), np.stack(read_images(files, the_face))

    def answer(self, names: Sequence[str], queries: Array) -> list[Answer]:
        """Say who is on each picture; the label of a stranger is None."""
        found = self.classify(queries)
        return [
            {
                "image": name,
                "label": str(label) if known else None,
                "most_alike": str(label),
                "similarity": float(similarity),
                "stranger": not known,
            }
            for name, label, similarity, known in zip(
                names,
                found.labels,
                found.similarities,
                found.known.tolist(),
                strict=True,
            )
        ]

    def explain(self, name: str, query: Array) -> Explanation:
        """Show the enrolled faces that are most alike, and the threshold."""
        from lookalike.systems.faces.report import most_alike

        [answer] = self.answer([name], query[None])
        cosines = self.vectors_ @ self._vectors(query[None])[0]
        rows = np.argsort(-cosines, kind="stable")[:8]
        needed = self.stranger_threshold_
        verdict = "not enough for" if answer["stranger"] else "enough for"
        reasons = (
            f"cosine {answer['similarity']:.3f} with the mean of "
            f"{answer['most_alike']}, {verdict} the {needed:.3f} that is needed",
            *(
                f"cosine {cosines[row]:.3f} with a picture of {self.people_[row]}"
                for row in rows
            ),
        )
        return Explanation(answer, reasons, most_alike(self, query, rows, cosines))

    def evaluate(self, data: People, report: Tell | None = None) -> Measured:
        """Measure over ten splits: who it is, pairs, strangers and newcomers.

        People are the unit of chance: each has one outcome, the share of right answers
        about their test pictures over all splits.
        """
        from lookalike.systems.faces.evaluation import faces_measured

        tell = report or nobody
        images, people = self._checked(data)
        measured = faces_measured(self, images, people, tell)
        self.about_ |= measured_facts(measured)
        self.about_["facts"] |= {
            "n_people": len(np.unique(people)),
            "milliseconds_per_answer": milliseconds(
                self.classify, [image[None] for image in images[:20]]
            ),
        }
        tell("ready", 1.0)
        return measured

    def report(self, data: People, measured: Measured) -> "Page":
        """Return the page on what was measured."""
        from lookalike.systems.faces.report import faces_report

        return faces_report(self, measured)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the system as a generation, complete or not at all."""
        arrays = {
            "images": self.images_,
            "people": self.people_,
            "vectors": self.vectors_,
            "thresholds": np.array([self.threshold_, self.stranger_threshold_]),
            **self._embedding.arrays(),
            **self._pairing.arrays("pair_"),
        }
        return generation.save(folder, self.name, arrays, self.about_)

    @classmethod
    def load(
        cls, folder: str | os.PathLike[str] | Generation, n_jobs: int | None = None
    ) -> Self:
        """Read a generation: every file checked, none of its code run."""
        found = read_generation(folder, cls.name)
        try:
            system = cls(**found.about["configuration"], n_jobs=n_jobs)
            system._embedding = FaceEmbedding.from_arrays(found.arrays)
            system._pairing = PairEmbedding.from_arrays(found.arrays, "pair_")
            keys = ("images", "people", "vectors")
            system._enrolled(*(found.arrays[key] for key in keys))
            thresholds = found.arrays["thresholds"].tolist()
            system.threshold_, system.stranger_threshold_ = thresholds
            system.about_ = about_of(found)
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(found, cls.name, error) from None
        return system

    def card(self) -> Card:
        """Tell the system in nine steps, with the numbers that were measured."""
        return faces_card(self.about_, len(self.names_), len(self.people_))

    def _learn(self, images: Array, people: Array) -> None:
        """Embedding, thresholds and enrolled people, from these pictures alone."""
        self._embedding = FaceEmbedding().fit(images, people)
        self._pairing = PairEmbedding().fit(images, people)
        self._enrolled(images, people, self._embedding.transform(images))
        different, best = [], []
        for out, inside in groups_of(people, self.random_state + 1):
            embedding = FaceEmbedding().fit(images[inside], people[inside])
            strange = embedding.transform(images[out])
            pairing = PairEmbedding().fit(images[inside], people[inside])
            beside = pairing.transform(images[out])
            different.append(pairs(beside, people[out])[1])
            means = centres(embedding.transform(images[inside]), people[inside])[1]
            best.append((strange @ means.T).max(axis=1))
        self.threshold_ = _accepting(np.concatenate(different), self.false_accepts)
        self.stranger_threshold_ = _accepting(np.concatenate(best), self.strangers)

    def _enrolled(self, images: Array, people: Array, vectors: Floats) -> None:
        if not len(images) == len(people) == len(vectors):
            raise ValueError("its pictures, people and vectors do not fit.")
        if vectors.shape[1:] != self._embedding.matrix.shape[1:]:
            raise ValueError("its vectors are not those of its embedding.")
        self.images_, self.people_, self.vectors_ = images, people, vectors
        self.names_, self._means = centres(vectors, people)

    def _vectors(self, images: Array) -> Floats:
        if not hasattr(self, "_embedding"):
            raise NotFittedError("Faces must be fitted or loaded before it answers.")
        return self._embedding.transform(check_images(images, SHAPE))

    def _pair_vectors(self, images: Array) -> Floats:
        if not hasattr(self, "_pairing"):
            raise NotFittedError("Faces must be fitted or loaded before it answers.")
        return self._pairing.transform(check_images(images, SHAPE))

    def _checked(self, data: People) -> tuple[Array, Array]:
        for name, value in (
            ("false_accepts", self.false_accepts),
            ("strangers", self.strangers),
        ):
            if not 0 < value < 1:
                raise ValueError(f"{name} must lie between 0 and 1, got {value!r}.")
        images = check_images(data.images, SHAPE)
        labels = check_labels(data.people, len(images)).astype(str)
        names, counts = np.unique(labels, return_counts=True)
        if len(names) < 2 * N_GROUPS:
            raise ValueError(
                f"At least {2 * N_GROUPS} people are needed, got {len(names)}."
            )
        if counts.min() <= N_ENROLLED:
            raise ValueError(
                f"At least {N_ENROLLED + 1} pictures of each person are needed, got "
                f"{counts.min()} of {names[counts.argmin()]}."
            )
        return images, labels


def enrolment(people: Array, seed: int) -> Array:
    """Whether each picture is one of the five of its person that are enrolled."""
    rng = np.random.default_rng(seed)
    chosen = np.zeros(len(people), dtype=bool)
    for name in np.unique(people):
        chosen[rng.permutation(np.flatnonzero(people == name))[:N_ENROLLED]] = True
    return chosen


def groups_of(people: Array, seed: int) -> Iterator[tuple[Array, Array]]:
    """Leave out a quarter of the people in turn: masks of those out and inside."""
    names = np.random.default_rng(seed).permutation(np.unique(people))
    for group in range(N_GROUPS):
        out = np.isin(people, names[group::N_GROUPS])
        yield out, ~out


def pairs(vectors: Floats, people: Array) -> tuple[Floats, Floats]:
    """Cosines of all pairs of one person, and of all pairs of two."""
    first, second = np.triu_indices(len(people), 1)
    cosines = (vectors @ vectors.T)[first, second]
    one = people[first] == people[second]
    return cosines[one], cosines[~one]


def people_in(folder: Path) -> People:
    """Read a folder that holds a folder of pictures for each person."""
    folders = sorted(path for path in folder.iterdir() if path.is_dir())
    if not folders:
        raise ValueError(f"The folder {folder} holds no folder for each person.")
    images, people = [], []
    for place in folders:
        found = read_images(image_files([place]), the_face)
        images += found
        people += [place.name] * len(found)
    return People(folder.name, "", np.stack(images), np.array(people))


def the_face(picture: Array) -> Array:
    """Return the one face on a picture, 112 by 92.

    A picture of less than twice that size is taken for a face itself.
    """
    if picture.shape == SHAPE:
        return picture
    if picture.shape[0] < 2 * SHAPE[0] and picture.shape[1] < 2 * SHAPE[1]:
        return cut_face(picture, Box(0, 0, *picture.shape), SHAPE, 0.0)
    found = find_faces(picture)
    if len(found) != 1:
        number = f"{len(found)} faces were" if found else "no face was"
        raise ValueError(f"{number} found on the picture; expected one.")
    return cut_face(picture, found[0], SHAPE, MARGIN)


def _accepting(cosines: Floats, share: float) -> float:
    """Least threshold that accepts at most this share of the cosines."""
    ordered = np.sort(cosines)
    return float(np.nextafter(ordered[-1 - int(share * len(ordered))], np.inf))
