"""Digits: say which digit this is, and find the known digits that look like it.

Describe each image by a learned map, find its exact nearest neighbours among the
known ones, let them vote. Everything that an answer needs lies in one generation.
"""

import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from lookalike._arrays import named, prefixed
from lookalike._checks import check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.core.base import BaseSystem
from lookalike.core.contracts import (
    LOGGED_ONLY,
    Answer,
    ClassificationResult,
    Explanation,
    SearchAnswer,
)
from lookalike.core.inputs import check_image, check_images, check_k, check_labels
from lookalike.core.items import Allowed, Item, ItemCatalogue
from lookalike.core.manifest import Manifest
from lookalike.core.progress import ProgressCallback, no_progress, share_of
from lookalike.datasets import Images
from lookalike.features.blank import blank_rows, check_not_blank
from lookalike.rank import Hits
from lookalike.systems.digits.embedding import EMBEDDINGS, Embedding, version_of
from lookalike.systems.digits.familiarity import Familiarity

N_EXPLAINED = 5  # dimensions of a distance that an explanation names


@dataclass(frozen=True)
class DigitAnswer(Answer):
    """The label of one image, and the known images that voted for it.

    ``probabilities`` are shares of the votes. Of an image that is ``unlike_known`` they
    say little: no known image is as near to it as known ones are to each other.
    """

    label: int | str
    probability: float
    probabilities: dict[str, float]
    evidence: list[dict[str, Any]]
    unlike_known: bool = False
    shown: SearchAnswer | None = field(
        default=None, repr=False, compare=False, metadata=LOGGED_ONLY
    )


class Digits(BaseSystem):
    """Recognise handwritten digits, and find the known digits that look like one.

    Parameters
    ----------
    embedding : {"linear", "conv"}, default="linear"
        How an image becomes a vector: a learned linear map of its pixels, or a small
        convolutional network (needs the ``deep`` extra).
    n_neighbors : int, default=3
        How many neighbours vote; a tied vote goes to the smallest label.
    random_state : int, default=0
        The only source of chance: the same data and seed give the same system.
    n_jobs : int or None, default=None
        Threads of the neighbour search; None is one, -1 is every processor. The
        answers do not depend on it.

    Attributes
    ----------
    items_ : ItemCatalogue
        The known images with labels and vectors. Answers name them by number: the row
        of an image that was learned from, or a further number for one added since.
    classes_ : ndarray of shape (n_classes,)
        The different labels, sorted.
    manifest_ : Manifest
        Data, the embedding's version and, once loaded, the measured numbers.

    Examples
    --------
    >>> from lookalike.datasets import load_digits_sample
    >>> digits = load_digits_sample()
    >>> system = Digits().fit(digits)
    >>> system.classify(digits.x_test[[0, 150, 250]]).labels
    array([0, 1, 2])
    """

    name = "digits"

    items_: ItemCatalogue
    classes_: Array

    _embedding: Embedding
    _familiarity: Familiarity | None

    def __init__(
        self,
        embedding: str = "linear",
        n_neighbors: int = 3,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.embedding = embedding
        self.n_neighbors = n_neighbors
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, data: Images, on_progress: ProgressCallback = no_progress) -> Self:
        """Learn the embedding from the training images, and index them.

        Parameters
        ----------
        data : Images
            Whose ``x_train`` and ``y_train`` become the catalogue.
        on_progress : callable

        Raises
        ------
        ValueError
            If the options, images or labels are not such that can be learned from.
        """
        images = check_images(data.x_train)
        labels = check_labels(data.y_train, len(images))
        self._check_options(labels)
        started = time.perf_counter()
        embedding = EMBEDDINGS[self.embedding]()
        embedding.fit(
            images,
            labels,
            random_state=self.random_state,
            n_jobs=self.n_jobs,
            on_progress=share_of(on_progress, "learning the embedding", 0.0, 0.9),
        )
        seconds = time.perf_counter() - started
        on_progress("describing the catalogue", 0.9)
        vectors = embedding.transform(images)
        self._take_up(
            embedding, ItemCatalogue(images, labels, vectors, n_jobs=self.n_jobs)
        )
        facts = {"seconds_to_learn": round(seconds, 2), **embedding.facts}
        self.manifest_: Manifest = self.new_manifest(
            data, facts, embedding_version=version_of(embedding)
        )
        on_progress("ready", 1.0)
        return self

    # --- answers ----------------------------------------------------------------------

    def classify(self, images: Array) -> ClassificationResult:
        """Say which digit each image shows, and how its neighbours voted.

        Of a blank image each digit is as likely: nothing votes.
        """
        numbers, _ = self.nearest(images, self.n_neighbors)
        shares = self.vote(self.items_.labels(numbers)).probabilities
        shares[blank_rows(images)] = 1 / len(self.classes_)
        return ClassificationResult(self.classes_[shares.argmax(axis=1)], shares)

    def search(self, images: Array, k: int = 10) -> Hits:
        """Find the k known images most like each image.

        ``ids`` are numbers of ``items_``; ``scores`` are minus the distances.
        """
        numbers, distances = self.nearest(images, k)
        return Hits(ids=list(numbers), scores=list(-distances))

    def classify_each(
        self,
        queries: Sequence[Array],
        where: Mapping[str, Allowed] | None = None,
    ) -> list[list[Answer]]:
        """Return the label of each image, with the images that voted.

        ``where`` names attributes of the items that may vote, as in ``search_each``.
        """
        found = self.search_each(queries, self.n_neighbors, where)
        return [
            [self._voted(shown, query)]
            for shown, query in zip(found, queries, strict=True)
        ]

    def search_each(
        self,
        queries: Sequence[Array],
        k: int = 10,
        where: Mapping[str, Allowed] | None = None,
    ) -> list[SearchAnswer]:
        """Find at most k known images most like each image.

        ``where`` names attributes of the items, or "label", and the values that are
        let through.
        """
        items = self._fitted_items()
        snapshot = items.snapshot
        images = check_images(queries, items.shape)
        chosen = items.matching(where, snapshot) if where else None
        vectors = self.describe(images)
        numbers, distances = items.search(vectors, check_k(k), chosen, snapshot)
        labels = items.labels(numbers).tolist()
        return [
            SearchAnswer(
                list(map(items.id, row)),
                [0.0 - distance for distance in far],
                theirs,
                {"distance": far},
                vector,
                snapshot.revision,
            )
            for row, far, theirs, vector in zip(
                numbers.tolist(), distances.tolist(), labels, vectors, strict=True
            )
        ]

    def explain(self, query: Array) -> Explanation:
        """Say which known images voted, and how near they are."""
        from lookalike.systems.digits.explanation import look_alikes

        [seen] = self.search_each([query], max(10, self.n_neighbors))
        voting = _first(seen, self.n_neighbors)
        answer, found = self._voted(voting, query), _first(seen, 10)
        reasons = tuple(
            f"{'votes' if rank <= self.n_neighbors else 'near'}: known image "
            f"{id}, a {label}, at distance {distance:.3f}"
            for rank, (id, label, distance) in enumerate(
                zip(found.ids, found.labels, found.columns["distance"], strict=True),
                start=1,
            )
        )
        images = self.thumbnails(found.ids)
        page = look_alikes(query, images, found.labels, self.n_neighbors)
        return Explanation(answer.record(), reasons, page)

    def explain_item(self, query: Array, id: str, k: int = 10) -> dict[str, Any]:
        """Say where an item stands among the answers to an image, and what made it."""
        items = self._fitted_items()
        number = items.number(id)
        if number is None:
            raise LookupError("There is no item of this id.")
        [seen] = self.search_each([query], max(check_k(k), self.n_neighbors))
        found = _first(seen, k)
        assert found.vector is not None
        vector = np.asarray(items.vector(number), np.float64)
        differences = (found.vector.astype(np.float64) - vector) ** 2
        squared = float(differences.sum())
        rank = found.ids.index(id) + 1 if id in found.ids else None
        return {
            "id": id,
            "label": items.labels(np.array([number]))[0].tolist(),
            "embedding_version": self.embedding_version,
            "rank": rank,
            "distance": squared**0.5,
            "score": 0.0 - squared**0.5,
            "parts": [
                {
                    "dimension": int(d),
                    "squared_difference": float(differences[d]),
                    "share": float(differences[d] / squared) if squared else 0.0,
                }
                for d in np.argsort(-differences, kind="stable")[:N_EXPLAINED]
            ],
            "evidence": found.records(),
            "votes": id in seen.ids[: self.n_neighbors],
            "query": _pixels(query),
            "rules": self._placing(found, number, rank),
        }

    # --- parts of an answer -----------------------------------------------------------

    def describe(self, images: Array) -> Array:
        """Map images to vectors, float32 (n_images, n_dimensions)."""
        return self._embedding.transform(images)

    def nearest(self, images: Array, k: int) -> tuple[Ints, Floats]:
        """Return numbers and distances of the nearest items, (n_images, at most k)."""
        items = self._fitted_items()
        images = check_images(images, items.shape)
        return items.search(self.describe(images), check_k(k))

    def vote(self, labels: Array) -> ClassificationResult:
        """Count the votes of (n_queries, n_neighbors) labels."""
        votes = labels[:, :, None] == self.classes_
        shares = votes.mean(axis=1)
        return ClassificationResult(self.classes_[shares.argmax(axis=1)], shares)

    @property
    def embedding_version(self) -> str:
        """Twelve hexadecimal digits that differ between any two embeddings."""
        return self.manifest_.embedding_version

    def gallery(self, n: int) -> tuple[list[str], list[Any]]:
        """Return ids and labels of at most n items, spread over the labels."""
        numbers = self._fitted_items().spread(n)
        ids = [self.items_.id(number) for number in numbers.tolist()]
        return ids, self.items_.labels(numbers).tolist()

    def thumbnails(self, ids: Sequence[str]) -> Array:
        """Return the images of items, uint8 (n, height, width)."""
        items = self._fitted_items()
        images = np.zeros((len(ids), *items.shape), np.uint8)
        for row, id in enumerate(ids):
            number = items.number(id)
            if number is not None:
                images[row] = items.image(number)
        return images

    # --- items ------------------------------------------------------------------------

    def has_item(self, id: str) -> bool:
        """Whether an item has this id."""
        return self._fitted_items().number(id) is not None

    def check_query(self, query: Array) -> Array:
        """Return one image in the form of the known ones, or refuse it."""
        image = check_image(query, self.items_.shape)
        check_not_blank(image, "a digit")
        return image

    def check_label(self, label: Any) -> None:
        """Refuse a label that the vote could not count."""
        if isinstance(label, bool) or label not in self.classes_.tolist():
            known = ", ".join(map(str, self.classes_.tolist()))
            raise ValueError(f"The label must be one of {known}; got {label!r}.")

    def warm_up(self) -> None:
        """Compile and touch everything before the first query comes."""
        for n in (1, 2, 17):
            # Copies: what is sent may be written to, and is another type for a kernel.
            images = np.array(self.items_.base_images[:n])
            for k in (1, 10):
                self.nearest(images, k)
        self._usual()
        # Items that change are searched by kernels of their own.
        vectors = self.describe(images)
        changing = ItemCatalogue(images, np.zeros(len(images)), vectors)
        changing.apply([Item("new", vector=vectors[0])])
        changing.search(vectors, 1)

    # --- saving -----------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return the embedding and the items as they are now."""
        arrays, document = self.items_.state()
        arrays |= prefixed("embedding_", self._embedding.arrays())
        return arrays, {"items": document}

    def restore(self, arrays: Mapping[str, Array], document: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned."""
        embedding = EMBEDDINGS[self.embedding].from_arrays(named("embedding_", arrays))
        items = ItemCatalogue.from_state(arrays, document["items"], self.n_jobs)
        self._take_up(embedding, items)

    # --- inside -----------------------------------------------------------------------

    def _take_up(self, embedding: Embedding, items: ItemCatalogue) -> None:
        # An embedding of other images refuses the first; one of other vectors differs.
        first = embedding.transform(np.asarray(items.base_images[:1]))
        if first.shape[1] != items.base_vectors.shape[1]:
            raise ValueError("embedding and vectors do not belong together.")
        self._embedding, self.items_ = embedding, items
        self._familiarity = None
        self.classes_ = np.unique(items.base_labels)

    def _fitted_items(self) -> ItemCatalogue:
        self.check_fitted()
        return self.items_

    def _voted(self, shown: SearchAnswer, query: Array) -> DigitAnswer:
        """The answer on which these items, all that vote, agree most."""
        if not shown.ids:
            raise ValueError("No item is let through, so none can vote.")
        labels = np.array([shown.labels], self.classes_.dtype)
        [found] = self.vote(labels).by_query(self.classes_)
        [nearest] = self.thumbnails(shown.ids[:1])
        distance = shown.columns["distance"][0]
        unlike = self._usual().unlike(distance, query, nearest)
        return DigitAnswer(*found, shown.records(), unlike, shown)

    def _usual(self) -> Familiarity:
        """How near known images are to each other; learned when it is first needed."""
        if self._familiarity is None:
            self._familiarity = Familiarity(self._fitted_items())
        return self._familiarity

    def _placing(self, found: SearchAnswer, number: int, rank: int | None) -> list[str]:
        """What placed an item where it stands, in sentences."""
        distances = found.columns["distance"]
        rules = ["Items are ordered by their distance to the image, the nearest first."]
        if rank is None and distances:
            rules.append(
                f"It is not among the first {len(distances)}: the last of those is at "
                f"{distances[-1]:.4g}."
            )
        if rank is not None and distances.count(distances[rank - 1]) > 1:
            rules.append("It ties with another item; the older one comes first.")
        item = self.items_.item(number)
        if item is not None:
            rules.append(
                f"It was added or changed (revision {item.revision}) after the "
                "generation was made."
            )
        return rules

    def _check_options(self, labels: Array) -> None:
        if self.embedding not in EMBEDDINGS:
            raise ValueError(
                f"embedding must be one of {', '.join(EMBEDDINGS)}, "
                f"got {self.embedding!r}."
            )
        check_whole("n_neighbors", self.n_neighbors)
        if self.n_neighbors > len(labels):
            raise ValueError(
                f"n_neighbors={self.n_neighbors} exceeds the {len(labels)} images."
            )
        if len(np.unique(labels)) < 2:
            raise ValueError(
                "Images of at least two classes are needed to learn from, got only "
                f"{labels[0]}."
            )


def _first(shown: SearchAnswer, k: int) -> SearchAnswer:
    """The k best of what was found, or all where there are fewer."""
    return shown.reordered(range(len(shown.ids))[:k])


def _pixels(image: Array) -> dict[str, Any]:
    """Return an image as the system reads it: grey bytes in base64."""
    pixels = b64encode(np.ascontiguousarray(image).data).decode()
    return {"height": image.shape[0], "width": image.shape[1], "pixels": pixels}
