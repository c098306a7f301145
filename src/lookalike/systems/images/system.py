"""Image search: an image in, the most similar out, and better with every click.

Prepare the image, map it to a vector of length one, take the nearest hundred of the
catalogue, order them by similarity and by what was clicked, and apply the declared
rules: hidden items, duplicates, freshness, diversity.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from lookalike._arrays import named, prefixed
from lookalike._checks import check_whole
from lookalike._texts import Texts
from lookalike._typing import Array, Floats, Ints
from lookalike.core.base import BaseSystem
from lookalike.core.contracts import PROMPT, Explanation, SearchAnswer
from lookalike.core.inputs import check_k
from lookalike.core.items import Allowed
from lookalike.core.manifest import Manifest
from lookalike.core.progress import ProgressCallback, no_progress, share_of
from lookalike.datasets import Images
from lookalike.features.blank import check_not_blank
from lookalike.features.image import on_square
from lookalike.features.preparation import Preparation
from lookalike.rank import Hits
from lookalike.rank.click_ranker import ClickRanker
from lookalike.rank.clicks import Impressions
from lookalike.rank.impressions import LearnedClicks
from lookalike.rank.slate import Slate
from lookalike.search.vector_index import VectorIndex
from lookalike.systems.images.catalogue import (
    THUMBNAIL,
    Catalogue,
    GenerationCatalogue,
)
from lookalike.systems.images.encoders.base import (
    BUILT_IN,
    ENCODERS,
    NETWORKS,
    OWN,
    Encoder,
    check_training_images,
    encoder_class,
    learned_encoder,
    ready_encoder,
    ready_texts,
    version_of,
    why_no_texts,
)
from lookalike.systems.images.explanation import search_page
from lookalike.systems.images.ranking import Rules, ranked
from lookalike.systems.images.zero_shot import (
    NamedImage,
    by_similarity,
    check_labels,
    prompts_of,
)

if TYPE_CHECKING:
    from lookalike.features.text.encoder import TextEncoder

N_EXPLAINED = 10  # hits of an explanation
Query = Array | str
"""An image, or a text where the encoder has a text side."""


class ImageSearch(BaseSystem):
    """Search images by images, and by texts where the encoder has a text side.

    Parameters
    ----------
    encoder : str, default="linear"
        "linear" learns one matrix from labels; "plain", "principal" and "pixels" need
        none. "contrastive" is a network that learns without labels and "labels" one
        that learns with them (``deep`` extra). "photograph" learns nothing and takes
        photographs; so do published encoders, by their names in the catalogue, and
        "onnx", the file ``model`` (``onnx`` extra).
    passes : int or None, default=None
        Of a network over the images; None is what the encoder's page names. Other
        encoders refuse it.
    checkpoint : path or None, default=None
        Where a network's training is written after each pass, and resumed from. Other
        encoders refuse it.
    model : path or None, default=None
        The ONNX file of "onnx". Other encoders refuse it.
    n_candidates : int, default=100
        Taken from the index at first; more follow while the rules leave fewer than are
        asked for.
    recall : float, default=1
        Of the index; 1 is exact.
    memory : int or None, default=None
        Bytes that the index may hold; see ``VectorIndex``.
    relevance, freshness : float
        Of the rules; see ``Rules``.
    duplicates : bool, default=False
        Whether of images that look the same all are shown, or the best one.
    random_state : int, default=0
    n_jobs : int or None, default=None

    Attributes
    ----------
    encoder_ : Encoder
    texts_ : TextEncoder or None
        The text side of the encoder.
    trained_ : GenerationCatalogue
        The images that were learned from.
    catalogue_ : Catalogue
        The images that are searched: those, or what ``with_catalogue`` was given.
    row_of_ : dict
        Row of the catalogue by the id of an image.
    clicks_ : ClickRanker or None
        What clicks have taught about the catalogue, None before.
    manifest_ : Manifest
        Data, the embedding's version and, once loaded, the measured numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.datasets import Images
    >>> x = np.tri(20, 20, dtype=np.uint8)[:, None, :] * np.uint8(255)  # bars
    >>> data = Images("bars", "", x, np.arange(20), x, np.arange(20))
    >>> system = ImageSearch("pixels").fit(data)
    >>> system.search([x[13]], k=3).ids  # the next longer bar is more similar
    [array([13, 14, 12])]
    """

    name = "images"
    unsaved_options = ("passes", "checkpoint", "model")

    encoder_: Encoder
    texts_: "TextEncoder | None"
    trained_: GenerationCatalogue
    catalogue_: Catalogue
    row_of_: dict[str, int]
    clicks_: ClickRanker | None

    _learned_clicks: LearnedClicks | None
    _is_stale: Callable[[], bool]

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
        duplicates: bool = False,
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
        self.duplicates = duplicates
        self.random_state = random_state
        self.n_jobs = n_jobs

    # --- learning ---------------------------------------------------------------------

    def fit(self, data: Images, on_progress: ProgressCallback = no_progress) -> Self:
        """Learn the encoder from the training images, which become the catalogue.

        Raises
        ------
        ValueError
            If the images or a parameter are not what they must be.
        """
        self._check_options()
        images, labels = check_training_images(data.x_train, data.y_train)
        started = time.process_time(), time.perf_counter()
        self.encoder_ = self._learned_encoder(images, labels, on_progress)
        self.texts_ = ready_texts(self.encoder)
        seconds = time.perf_counter() - started[1]
        on_progress("embedding the catalogue", 0.9)
        embedding = time.perf_counter()
        vectors = self._embedded(images)
        took = time.perf_counter() - embedding
        self._take_up(self._catalogue_of(vectors, images, labels), None)
        index = self.trained_.index
        facts = {
            **self.encoder_.facts,
            "n_items": len(vectors),
            "n_dimensions": vectors.shape[1],
            "seconds_training": round(seconds, 1),
            "cpu_seconds_training": round(time.process_time() - started[0], 1),
            "images_a_second": round(len(vectors) / max(took, 1e-9)),
            "index": index.facts if index is not None else {},
        }
        self.manifest_: Manifest = self.new_manifest(
            data, facts, embedding_version=version_of(self.encoder_)
        )
        on_progress("ready", 1.0)
        return self

    @classmethod
    def ready(cls, encoder: str = BUILT_IN) -> Self:
        """Return a system that needs no training, with nothing indexed yet.

        encoder : "photograph", or a published one whose file is here; its text side is
            taken too where its files are here
        """
        return cls(encoder)._with_encoder(ready_encoder(encoder), ready_texts(encoder))

    @classmethod
    def from_onnx(
        cls,
        model: str | os.PathLike[str],
        text_model: str | os.PathLike[str] | None = None,
        tokeniser: str | os.PathLike[str] | None = None,
        **given: Any,
    ) -> Self:
        """Return a system with the user's own ONNX encoder and nothing indexed yet.

        text_model, tokeniser : of its text side, both or neither; see ``TextEncoder``
        given : ``side``, ``mean`` and ``scale``, as for ``OnnxEncoder.read``

        Raises
        ------
        ValueError
            If a file is not what it must be, in one sentence.
        """
        from lookalike.features.onnx_images import OnnxEncoder
        from lookalike.features.text.encoder import TextEncoder

        if (text_model is None) != (tokeniser is None):
            raise ValueError("A text side is two files: an ONNX file and a tokeniser.")
        texts = None
        if text_model is not None and tokeniser is not None:
            texts = TextEncoder.read(text_model, tokeniser)
        return cls(OWN)._with_encoder(OnnxEncoder.read(model, **given), texts)

    def learn_clicks(
        self, similarity: Floats, shown: Impressions, corrected: bool = True
    ) -> Self:
        """Learn from what was shown and clicked, in the order of time.

        similarity : (n_impressions,), of each shown item to its query
        """
        self.check_fitted()
        ids = self.catalogue_.ids
        ranker = ClickRanker(len(ids), corrected=corrected).fit(similarity, shown)
        self.clicks_, self._learned_clicks = (
            ranker,
            LearnedClicks(ranker, Texts.of(ids)),
        )
        facts = {**self.manifest_.facts, "n_impressions": len(shown)}
        self.manifest_ = replace(self.manifest_, facts=facts)
        return self

    def learn_pairs(
        self,
        pairs: Ints,
        on_progress: ProgressCallback = no_progress,
        **options: Any,
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
        self.check_fitted()
        encoder: Any = self.encoder_
        if self.encoder not in NETWORKS:
            raise ValueError(
                "Only the encoders contrastive and labels learn from pairs, this one "
                f"is {self.encoder}."
            )
        if self.catalogue_ is not self.trained_:
            raise ValueError(
                "A folder is indexed; only the images of the generation itself can "
                "teach its network."
            )
        if len(pairs) < 2:
            raise ValueError(f"At least two pairs are needed, got {len(pairs)}.")
        images, labels = self.trained_.images, self.trained_.labels
        encoder.learn_pairs(
            images,
            pairs,
            random_state=self.random_state,
            n_jobs=self.n_jobs,
            on_progress=share_of(on_progress, "learning from pairs", 0.0, 0.8),
            **options,
        )
        on_progress("embedding the catalogue", 0.8)
        vectors = encoder.transform(images)
        self._take_up(self._catalogue_of(vectors, images, labels), self._learned_clicks)
        manifest = self.manifest_.without_evaluation()
        self.manifest_ = replace(
            manifest,
            facts={**manifest.facts, "n_pairs": len(pairs)},
            embedding_version=version_of(encoder),
        )
        return self

    # --- answers ----------------------------------------------------------------------

    def embed(self, queries: Sequence[Query]) -> Array:
        """Map images of any size, and texts, to vectors, float32 (n, n_dimensions).

        Raises
        ------
        ValueError
            If there is a text and the encoder has no text side.
        """
        self.check_fitted()
        return self._embedded(queries)

    def search(self, images: Sequence[Query], k: int = 10) -> Hits:
        """Find at most k items most like each image or text, after ranking and rules.

        ``ids`` are rows of ``catalogue_``.
        """
        found = self.rank(self.embed(images), k)
        return Hits([each.items for each in found], [each.scores for each in found])

    def search_each(
        self,
        queries: Sequence[Query],
        k: int = 10,
        where: Mapping[str, Allowed] | None = None,
    ) -> list[SearchAnswer]:
        """Find at most k items most like each image or text, after ranking and rules.

        The column "rules" says of each hit what ranking and rules did to it.

        Raises
        ------
        ValueError
            If ``where`` names anything: images have no attributes.
        """
        if where:
            raise ValueError("Images have no attributes: where must be left out.")
        vectors = self.embed(queries)
        return [
            self._answer(found, vector)
            for found, vector in zip(self.rank(vectors, k), vectors, strict=True)
        ]

    def similar_each(self, ids: Sequence[str], k: int = 10) -> list[SearchAnswer]:
        """Find at most k other items most like each item, after ranking and rules.

        They are found by the vector of the item, which no small picture has.

        Raises
        ------
        LookupError
            If there is no item of an id.
        """
        self.check_fitted()
        k = check_k(k)
        rows = np.array([self._row(id) for id in ids], np.int64)
        vectors = self.catalogue_.metadata.vectors[rows]
        found = [
            self._answer(slate, vector)
            for slate, vector in zip(self.rank(vectors, k + 1), vectors, strict=True)
        ]
        return [
            answer.reordered(
                [at for at, each in enumerate(answer.ids) if each != id][:k]
            )
            for answer, id in zip(found, ids, strict=True)
        ]

    @property
    def takes_text(self) -> bool:
        """Whether the encoder that answers has a text side."""
        self.check_fitted()
        return self.texts_ is not None

    def classify_as(
        self, queries: Sequence[Array], labels: Sequence[str], prompt: str = PROMPT
    ) -> list[list[NamedImage]]:
        """Say which of these labels fits each image best, one answer an image.

        Parameters
        ----------
        labels : sequence of str
            At least two, all different.
        prompt : str, default="a photo of a {label}"
            The text that stands for a label.

        Raises
        ------
        ValueError
            If the encoder has no text side, or labels or prompt cannot be taken.
        """
        self.check_fitted()
        names = check_labels(labels)
        texts = [self.check_query(text) for text in prompts_of(names, prompt)]
        of_labels = self._embedded(texts)
        return [
            [by_similarity(of_labels @ vector, names)]
            for vector in self._embedded(queries)
        ]

    def rank(self, vectors: Array, k: int = 10) -> list[Slate]:
        """Find at most k items for each vector: candidates, ranking, rules.

        A slate has the column "similarity", and notes on what ranking and rules did to
        single items, also to those that were left out.
        """
        self.check_fitted()
        k, index = check_k(k), self.catalogue_.index
        if index is None:
            raise ValueError(
                "Nothing is indexed yet: `lookalike index add FOLDER` does it."
            )
        known, now = self.catalogue_.metadata, time.time_ns() // 1000
        n = min(max(self.n_candidates, k), len(known.vectors))
        found: dict[int, Slate] = {}
        left = np.arange(len(vectors))
        while len(left):
            similarity, rows = index.nearest(vectors[left], n)
            for at, near, alike in zip(left.tolist(), rows, similarity, strict=True):
                found[at] = ranked(
                    near,
                    alike,
                    k,
                    known,
                    self.rules,
                    self.clicks_,
                    now,
                    self.catalogue_.name,
                )
            if n == len(known.vectors):
                break
            # The rules left too few: further candidates, for these queries alone.
            left = np.array(
                [at for at in left.tolist() if len(found[at]) < k], np.int64
            )
            n = min(4 * n, len(known.vectors))
        return [found[at] for at in range(len(vectors))]

    def explain(self, query: Query) -> Explanation:
        """Say for each of the first hits what speaks for it, and what was left out."""
        vectors = self.embed([query])
        [found] = self.rank(vectors, N_EXPLAINED)
        hits = self._answer(found, vectors[0])
        answer = {
            "found": next(iter(hits.labels), None),
            "similarity": next(iter(hits.columns["similarity"]), None),
        }
        name, rows = self.catalogue_.name, found.items.tolist()
        reasons = [
            f"{rank}. {name(row)}: "
            + "; ".join([f"similarity {similarity:.3f}", *notes])
            for rank, (row, similarity, notes) in enumerate(
                zip(rows, *hits.columns.values(), strict=True), start=1
            )
        ]
        reasons += [
            f"{name(row)}: {note}"
            for row, notes in found.item_notes.items()
            for note in notes
            if note.startswith("left out")
        ]
        page = search_page(
            query,
            [self.catalogue_.picture(row) for row in rows],
            hits.columns["similarity"],
            [(name(row), notes) for row, notes in found.item_notes.items()],
        )
        return Explanation(answer, tuple(reasons), page)

    def has_item(self, id: str) -> bool:
        """Whether an image that is searched has this id."""
        self.check_fitted()
        return id in self.row_of_

    def check_query(self, query: Query) -> Query:
        """Return an image as the encoder takes it, or a text, or refuse it."""
        self.check_fitted()
        if isinstance(query, str):
            return self._checked_text(query)
        tile = self.encoder_.preparation.tile(query)
        check_not_blank(tile, "anything")
        return tile

    def warm_up(self) -> None:
        """Compile and touch what the first answer needs."""
        if self.catalogue_.index is not None:
            blank = np.zeros(self.encoder_.preparation.shape, np.uint8)
            self.rank(self.embed([blank]), 1)
        if self.texts_ is not None:
            self.embed(["a photo"])

    @property
    def rules(self) -> Rules:
        """The rules that apply after ranking."""
        return Rules(
            relevance=self.relevance,
            freshness=self.freshness,
            duplicates=self.duplicates,
        )

    # --- the catalogue ----------------------------------------------------------------

    def gallery(self, n: int) -> tuple[list[str], list[str]]:
        """Return ids and labels of at most n images, spread over the catalogue."""
        self.check_fitted()
        ids, labels = self.catalogue_.ids, self.catalogue_.labels
        spread = np.linspace(0, len(ids) - 1, min(n, len(ids)))
        rows = np.unique(spread.astype(int)).tolist()
        return [ids[row] for row in rows], [str(labels[row]) for row in rows]

    def thumbnails(self, ids: Sequence[str]) -> Array:
        """Return a square picture an id, uint8 (n, side, side, 3).

        Pictures are padded with white; one of an image that is not there is black.
        """
        self.check_fitted()
        shown = np.zeros((len(ids), THUMBNAIL, THUMBNAIL, 3), np.uint8)
        for at, id in enumerate(ids):
            if id in self.row_of_:
                picture = self.catalogue_.picture(self.row_of_[id])
                shown[at] = on_square(picture, THUMBNAIL)
        return shown

    def with_catalogue(
        self, catalogue: Catalogue, is_stale: Callable[[], bool] | None = None
    ) -> Self:
        """Return the system as it searches other images, embedded by its encoder.

        What clicks have taught stays with the ids of items.

        is_stale : says whether there is a newer state of the catalogue; None is never
        """
        other = copy(self)
        other._search_in(catalogue, is_stale or _never)
        return other

    def is_stale(self) -> bool:
        """Whether there is a newer state of what is searched."""
        return self._is_stale()

    # --- saving -----------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return the encoder, the images that were learned from, and clicks."""
        known = self.trained_
        arrays = prefixed("encoder_", self.encoder_.arrays())
        arrays |= {
            "vectors": known.vectors,
            "images": known.images,
            "labels": known.labels,
        }
        document = {"preparation": self.encoder_.preparation.about(), "index": None}
        if known.index is not None:
            index, about = known.index.state()
            arrays |= prefixed("index_", index)
            # The time it took is a fact about learning, not part of what was learned.
            facts = {k: v for k, v in about["facts"].items() if k != "seconds"}
            document["index"] = {**about, "facts": facts}
        if self._learned_clicks is not None:
            arrays |= prefixed("clicks_", self._learned_clicks.arrays())
        if self.texts_ is not None:
            arrays |= prefixed("text_", self.texts_.arrays())
        return arrays, document

    def restore(self, arrays: Mapping[str, Array], document: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned."""
        self._check_options()
        form = Preparation.of(document["preparation"])
        kind = encoder_class(self.encoder)
        self.encoder_ = kind.from_arrays(named("encoder_", arrays), form)
        if version_of(self.encoder_) != self.manifest_.embedding_version:
            raise ValueError(
                "it was made by another version of the encoder's code; `lookalike "
                "train images` makes a new one."
            )
        self.texts_ = None
        if texts := named("text_", arrays):
            from lookalike.features.text.encoder import TextEncoder

            self.texts_ = TextEncoder.from_arrays(texts)
        index, vectors, clicks = None, arrays["vectors"], named("clicks_", arrays)
        if document["index"] is not None:
            held = named("index_", arrays)
            index = VectorIndex.from_state(
                held, document["index"], vectors, self.n_jobs
            )
        self._take_up(
            GenerationCatalogue(vectors, arrays["images"], arrays["labels"], index),
            LearnedClicks.from_arrays(clicks) if clicks else None,
        )

    # --- inside -----------------------------------------------------------------------

    def _with_encoder(
        self, encoder: Encoder, texts: "TextEncoder | None" = None
    ) -> Self:
        """Take up an encoder that learns nothing; nothing is indexed yet."""
        self.encoder_, self.texts_ = encoder, texts
        nothing = np.zeros((0, *encoder.preparation.shape), np.uint8)
        vectors = encoder.transform(nothing)
        if texts is not None:
            texts.check(vectors.shape[1])
        self._take_up(self._catalogue_of(vectors, nothing, np.empty(0)), None)
        self.manifest_ = Manifest(
            self.configuration(),
            {"name": "nothing yet", "checksum": ""},
            {**encoder.facts, "n_items": 0, "n_dimensions": vectors.shape[1]},
            embedding_version=version_of(encoder),
        )
        return self

    def _take_up(
        self, catalogue: GenerationCatalogue, clicks: LearnedClicks | None
    ) -> None:
        """Search the images that were learned from."""
        self.trained_, self._learned_clicks = catalogue, clicks
        self._search_in(catalogue, _never)

    def _search_in(self, catalogue: Catalogue, is_stale: Callable[[], bool]) -> None:
        self.catalogue_ = catalogue
        self.row_of_ = {id: row for row, id in enumerate(catalogue.ids)}
        self._is_stale = is_stale
        learned = self._learned_clicks
        self.clicks_ = None if learned is None else learned.ranker_for(catalogue.ids)

    def _catalogue_of(
        self, vectors: Array, images: Array, labels: Array
    ) -> GenerationCatalogue:
        index = None
        if len(vectors):
            index = VectorIndex(vectors, self.recall, self.memory, self.n_jobs)
        return GenerationCatalogue(vectors, images, labels, index)

    def _embedded(self, queries: Sequence[Query] | Array) -> Array:
        """Vectors of images and texts, in their order."""
        if not len(queries):
            raise ValueError("At least one image is needed, got none.")
        texts = [self._checked_text(each) for each in queries if isinstance(each, str)]
        tiles = [
            self.encoder_.preparation.tile(each)
            for each in queries
            if not isinstance(each, str)
        ]
        if self.texts_ is None or not texts:
            return self.encoder_.transform(np.stack(tiles))
        of_texts = self.texts_.transform(texts)
        if not tiles:
            return of_texts
        found = np.empty((len(queries), of_texts.shape[1]), np.float32)
        is_text = np.array([isinstance(each, str) for each in queries])
        found[is_text] = of_texts
        found[~is_text] = self.encoder_.transform(np.stack(tiles))
        return found

    def _row(self, id: str) -> int:
        """Where an item is in the catalogue."""
        if id not in self.row_of_:
            raise LookupError(f"There is no item {id!r}.")
        return self.row_of_[id]

    def _checked_text(self, text: str) -> str:
        """Return a text without spaces around it, or refuse it."""
        if self.texts_ is None:
            raise ValueError(why_no_texts(self.encoder))
        found = " ".join(text.split())
        if not found:
            raise ValueError("The text is empty; expected a few words.")
        self.texts_.tokens(found)  # which refuses one of which nothing is known
        return found

    def _answer(self, found: Slate, vector: Array) -> SearchAnswer:
        """An answer as it is shown."""
        catalogue, rows = self.catalogue_, found.items.tolist()
        return SearchAnswer(
            [catalogue.ids[row] for row in rows],
            found.scores.tolist(),
            [str(catalogue.labels[row]) for row in rows],
            {
                "similarity": found.columns["similarity"].tolist(),
                "rules": [list(found.item_notes.get(row, ())) for row in rows],
            },
            vector,
        )

    def _learned_encoder(
        self, images: Array, labels: Array, on_progress: ProgressCallback
    ) -> Encoder:
        if self.encoder == OWN:
            from lookalike.features.onnx_images import OnnxEncoder

            if self.model is None:
                raise ValueError("encoder='onnx' needs model, the file.")
            return OnnxEncoder.read(self.model)
        if self.encoder not in ENCODERS:
            return ready_encoder(self.encoder)
        options: dict[str, Any] = {}
        if self.encoder in NETWORKS:
            options = {"checkpoint": self.checkpoint}
            options |= {} if self.passes is None else {"max_iter": self.passes}
        return learned_encoder(
            self.encoder,
            images,
            labels,
            random_state=self.random_state,
            n_jobs=self.n_jobs,
            on_progress=share_of(on_progress, "learning the encoder", 0.0, 0.9),
            **options,
        )

    def _check_options(self) -> None:
        encoder_class(self.encoder)
        check_whole("n_candidates", self.n_candidates)
        if self.passes is not None:
            check_whole("passes", self.passes)
        of = {"passes": NETWORKS, "checkpoint": NETWORKS, "model": (OWN,)}
        for name, encoders in of.items():
            if getattr(self, name) is not None and self.encoder not in encoders:
                raise ValueError(
                    f"{name} is an option of the encoder {' or '.join(encoders)}, got "
                    f"encoder={self.encoder!r}."
                )
        if not 0 < self.recall <= 1:
            raise ValueError(
                f"recall must be above 0 and at most 1, got {self.recall!r}."
            )
        _ = self.rules  # which refuses its own


def _never() -> bool:
    return False
