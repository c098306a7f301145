"""Video search: words, a picture or a clip in, the right seconds of the right one out.

Two indexes, one order. Words find videos by title and description (BM25, and what both
are about), and by their pixels in a space that holds words and pixels; pictures and
clips find them by their frames. The first hundred are ordered again by all their
frames, near copies are shown once, and of each answer the best moment is told.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np

from lookalike._arrays import named, prefixed
from lookalike._checks import check_choice
from lookalike._shown import shown
from lookalike._texts import Texts
from lookalike._typing import Array, Floats, Ints
from lookalike.core.base import BaseSystem
from lookalike.core.contracts import Explanation, SearchAnswer
from lookalike.core.gated_weight import Fusion
from lookalike.core.inputs import check_k
from lookalike.core.items import Allowed
from lookalike.core.manifest import Manifest
from lookalike.core.progress import ProgressCallback, no_progress, stage_of
from lookalike.datasets import VideoCollection
from lookalike.features.image import on_square, read_image
from lookalike.features.preparation import Preparation
from lookalike.features.text.encoder import TextEncoder
from lookalike.features.video.pooling import POOLINGS
from lookalike.features.video.sampling import Sampler, Sampling
from lookalike.learn.latent_meaning import LatentMeaning
from lookalike.rank.click_ranker import ClickRanker
from lookalike.rank.clicks import Impressions
from lookalike.rank.impressions import LearnedClicks
from lookalike.search.hits import Hits
from lookalike.search.terms.query import unquoted
from lookalike.systems.videos.catalogue import Entry, VideoCatalogue
from lookalike.systems.videos.collection import read_collection
from lookalike.systems.videos.frame_encoders import (
    BUILT_IN,
    FrameEncoder,
    encoder_class,
    opened,
    version_of,
)
from lookalike.systems.videos.fusion import Parts, Weights, document_of
from lookalike.systems.videos.joint_space import (
    EncoderPair,
    JointSpace,
    WordsAndPixels,
)
from lookalike.systems.videos.media import checked_file
from lookalike.systems.videos.order import Ordered, ordered
from lookalike.systems.videos.pixel_side import PixelSide
from lookalike.systems.videos.reading import ReadVideos, read_source
from lookalike.systems.videos.teaching import (
    learned_space,
    learned_weights,
    teaching_rows,
)
from lookalike.systems.videos.telling import Telling, explained, label_of
from lookalike.systems.videos.text_side import TextSide, analysis_of

N_RANKED = 100
"""Videos that are ordered again by all their frames."""
LEAST_SIMILAR = 0.01
"""Of meaning or pixels, from which a video is found without a word of the query."""
N_EXPLAINED = 5
SIDE = 96
"""Pixels of a thumbnail."""
Query = str | Array
_TEXT = np.dtypes.StringDType()


class VideoSearch(BaseSystem):
    """Search videos by words, by a picture, or by a clip.

    Parameters
    ----------
    encoder : {"photograph", "onnx"}, default="photograph"
        Of frames: the built-in one, or the ONNX file ``image_encoder``.
    image_encoder : path or None, default=None
        An ONNX file that maps pictures to vectors (onnx extra). It becomes part of what
        is saved.
    text_encoder, tokenizer : path or None, default=None
        The ONNX file that maps texts to the same vectors, as CLIP's does, and its
        tokenizer.json; both or neither.
    sampler : {"uniform", "seek", "keys", "scenes"}, default="uniform"
        Which frames stand for a video; see ``features.video.Sampling``.
    n_frames : int, default=8
        At least, where the video has as many.
    interval : float, default=2
        Seconds; a longer video has a frame for each, 64 at most.
    pooling : {"mean", "max", "attention"}, default="mean"
        How frames become the one vector that words are learned for.
    language : str, default="english"
        Of the stemmer of titles and descriptions; "none" stems nothing.
    random_state : int, default=0
    n_jobs : int or None, default=None
        Threads that read files.

    Attributes
    ----------
    catalogue_ : VideoCatalogue
    encoder_ : FrameEncoder
    texts_ : TextSide
    pixels_ : PixelSide
    space_ : JointSpace, EncoderPair or None
        In which words find pixels; None where too few pairs teach one.
    weights_ : Weights
        What meaning and pixels count beside words.
    clicks_ : LearnedClicks or None
    problems_ : tuple of str
        One sentence for each file whose pixels could not be read.
    manifest_ : Manifest

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> dark = rng.integers(0, 90, (48, 64, 3)).astype(np.uint8)
    >>> light = np.tile(np.arange(64, dtype=np.uint8)[None, :, None] * 4, (48, 1, 3))
    >>> sources = [(dark, dark), (dark, light)]
    >>> titles = ["Night", "Dawn"]
    >>> data = VideoCollection("toy", "", ["a", "b"], titles, ["", ""], sources)
    >>> system = VideoSearch().fit(data)
    >>> [by_word, by_picture] = system.search_each(["dawn", sources[1][1]], k=1)
    >>> by_word.ids, by_picture.ids, by_picture.columns["begin"]
    (['b'], ['b'], [1.0])
    """

    name = "videos"
    unsaved_options = ("image_encoder", "text_encoder", "tokenizer")

    catalogue_: VideoCatalogue
    encoder_: FrameEncoder
    texts_: TextSide
    pixels_: PixelSide
    space_: WordsAndPixels | None
    weights_: Weights
    clicks_: LearnedClicks | None
    problems_: tuple[str, ...]

    _taught: dict[str, Fusion]
    _is_taught: bool

    def __init__(
        self,
        encoder: str = BUILT_IN,
        image_encoder: str | None = None,
        text_encoder: str | None = None,
        tokenizer: str | None = None,
        sampler: Sampler = "uniform",
        n_frames: int = 8,
        interval: float = 2.0,
        pooling: str = "mean",
        language: str = "english",
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.encoder = encoder
        self.image_encoder = image_encoder
        self.text_encoder = text_encoder
        self.tokenizer = tokenizer
        self.sampler = sampler
        self.n_frames = n_frames
        self.interval = interval
        self.pooling = pooling
        self.language = language
        self.random_state = random_state
        self.n_jobs = n_jobs

    # --- learning ---------------------------------------------------------------------

    def fit(
        self, data: VideoCollection, on_progress: ProgressCallback = no_progress
    ) -> Self:
        """Read all videos, index them, and learn what their pairs teach.

        Raises
        ------
        ValueError
            If there is no video, or an option is not what it must be.
        """
        self._open_encoder()
        entries, problems, _ = self.read(
            data, {}, None, stage_of(on_progress, 0.0, 0.6)
        )
        self.problems_ = problems
        roots = () if data.root is None else (str(data.root),)
        self._index(entries, roots, data, stage_of(on_progress, 0.6, 0.4))
        on_progress("ready", 1.0)
        return self

    def read(
        self,
        data: VideoCollection,
        known: Mapping[str, Entry],
        kept: Path | None,
        on_progress: ProgressCallback = no_progress,
        root: int = 0,
    ) -> tuple[list[Entry], tuple[str, ...], dict[str, int]]:
        """Return the videos of a collection, those read before as they were.

        A file whose pixels cannot be read is found by its words where captions name it,
        and is left out otherwise.

        Parameters
        ----------
        known : videos that were read before with this encoder and sampling, by digest
            and, where their file has its old size and time, by id
        kept : where what was read is kept until it is saved
        root : number of the folder of the files

        Returns
        -------
        entries : list of Entry
        problems : sentences
        counts : how many were "embedded", and how many of those "resumed"
        """
        cache = ReadVideos(kept, version_of(self.encoder_, self.sampling))
        read = partial(read_source, encoder=self.encoder_, sampling=self.sampling)
        return read_collection(data, read, known, cache, root, self.n_jobs, on_progress)

    def with_videos(
        self,
        entries: Sequence[Entry],
        roots: Sequence[str],
        data: VideoCollection,
        problems: Sequence[str],
        on_progress: ProgressCallback = no_progress,
    ) -> Self:
        """Return the system with these videos in place of its own.

        What it was taught by another collection stays; what its own videos taught is
        learned from these.
        """
        system = copy(self)
        system.problems_ = tuple(problems)
        system._index(
            entries, roots, data, on_progress, self if self._is_taught else None
        )
        return system

    @classmethod
    def ready(cls, **options: Any) -> Self:
        """Return a system with its encoder open and no video yet."""
        system = cls(**options)
        system._open_encoder()
        system._is_taught = False
        system.clicks_ = None
        return system

    def learn_clicks(
        self, similarity: Floats, shown_: Impressions, ids: Sequence[str]
    ) -> Self:
        """Learn from what was shown and clicked, in the order of time.

        Parameters
        ----------
        similarity : (n_impressions,), of what was shown
        shown_ : Impressions
        ids : of the videos, by the numbers that ``shown_`` has
        """
        self.check_fitted()
        ranker = ClickRanker(len(ids)).fit(similarity, shown_)
        self.clicks_ = LearnedClicks(ranker, Texts.of(ids))
        facts = {**self.manifest_.facts, "n_impressions": len(shown_)}
        self.manifest_ = replace(self.manifest_, facts=facts)
        return self

    # --- answers ----------------------------------------------------------------------

    def search(self, queries: Sequence[Query], k: int = 10) -> Hits:
        """Return at most k videos for each query, their ids and scores."""
        answers = self.search_each(queries, k)
        return Hits(
            [np.array(answer.ids, _TEXT) for answer in answers],
            [np.array(answer.scores) for answer in answers],
        )

    def search_each(
        self,
        queries: Sequence[Query],
        k: int = 10,
        where: Mapping[str, Allowed] | None = None,
    ) -> list[SearchAnswer]:
        """Return at most k videos for each query, best first, each with its moment.

        Columns: "second" of the best frame, "begin" and "end" of the moment around it,
        "moments" with up to two more, "part" that spoke loudest (words, meaning or
        pixels), "parts" with what each adds, "duration", and "copies", near copies that
        are not shown.

        Raises
        ------
        ValueError
            If ``where`` names anything: videos have no attributes.
        """
        self.check_fitted()
        if where:
            raise ValueError("Videos have no attributes: where must be left out.")
        k = check_k(k)
        return [self._answer(self.check_query(query), k) for query in queries]

    def similar_each(self, ids: Sequence[str], k: int = 10) -> list[SearchAnswer]:
        """Return at most k other videos with frames like those of each."""
        self.check_fitted()
        k = check_k(k)
        return [self._like(self._row(id), k) for id in ids]

    def explain(self, query: Query) -> Explanation:
        """Say for each of the first hits which part spoke, and where it answers."""
        [answer] = self.search_each([query], N_EXPLAINED)
        return explained(answer)

    def has_item(self, id: str) -> bool:
        """Whether a video has this id."""
        self.check_fitted()
        return id in self.catalogue_.row_of

    def check_query(self, query: Any) -> Query:
        """Return words, or the frames of a picture or clip as the encoder takes them.

        Raises
        ------
        ValueError
            If it is neither, or nothing is on it.
        """
        self.check_fitted()
        if isinstance(query, str):
            if not any(character.isalnum() for character in query):
                raise ValueError(
                    f"Words must hold a letter or a digit, got {shown(query)!r}."
                )
            return query
        images = np.asarray(query)
        good = images.ndim in (3, 4) and images.shape[-1] == 3 and images.size > 0
        if not good or images.dtype != np.uint8:
            raise ValueError(
                "Expected words, a picture (height, width, 3) or a clip (n_frames, "
                f"height, width, 3) of bytes, got {images.dtype} of shape "
                f"{images.shape}."
            )
        tile = self.encoder_.preparation.tile
        if images.ndim == 3:
            return tile(images)
        return np.stack([tile(image) for image in images])

    def warm_up(self) -> None:
        """Compile and touch what the first answer needs."""
        if len(self.catalogue_):
            self.search_each(["a video"], 1)
            shape = self.encoder_.preparation.shape
            self.search_each([np.zeros(shape, np.uint8)], 1)

    # --- the videos themselves --------------------------------------------------------

    def gallery(self, n: int) -> tuple[list[str], list[str]]:
        """Return ids and titles of at most n videos, spread over the catalogue."""
        self.check_fitted()
        ids = self.catalogue_.ids
        spread = np.linspace(0, len(ids) - 1, min(n, len(ids)))
        rows = np.unique(spread.astype(int)).tolist()
        return [ids[row] for row in rows], [
            label_of(self.catalogue_, row) for row in rows
        ]

    def thumbnails(self, ids: Sequence[str]) -> Array:
        """Return the middle frame of each video, uint8 (n, 96, 96, 3), padded white."""
        self.check_fitted()
        shown_ = np.zeros((len(ids), SIDE, SIDE, 3), np.uint8)
        for at, id in enumerate(ids):
            row = self.catalogue_.row_of.get(id)
            if row is not None and self.catalogue_.has_pixels[row]:
                frames = self.catalogue_.frames(row)
                data = self.catalogue_.picture((frames.start + frames.stop) // 2)
                shown_[at] = on_square(read_image(data, mode="RGB"), SIDE)
        return shown_

    def strip(self, id: str) -> list[tuple[float, bytes]]:
        """Return second and JPEG file of each frame that stands for a video."""
        self.check_fitted()
        frames = self.catalogue_.frames(self._row(id))
        return [
            (float(self.catalogue_.times[at]), self.catalogue_.picture(at))
            for at in range(frames.start, frames.stop)
        ]

    def media_file(self, id: str) -> Path:
        """Return the file of a video: below its folder, and with what was indexed.

        Raises
        ------
        LookupError
            If there is no such video, or its file is not there, lies elsewhere by a
            link, or holds something else by now.
        """
        self.check_fitted()
        row = self._row(id)
        path = self.catalogue_.path(row)
        if path is None:
            raise LookupError(f"The video {shown(id)!r} has no file.")
        root = self.catalogue_.roots[int(self.catalogue_.root_of[row])]
        return checked_file(path, Path(root), self.catalogue_.digests[row])

    # --- saving -----------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return videos, encoder, both sides, and what was learned."""
        videos, about = self.catalogue_.state()
        texts, terms = self.texts_.state()
        arrays = prefixed("encoder_", self.encoder_.arrays())
        arrays |= prefixed("videos_", videos) | texts
        arrays |= prefixed("pixels_", self.pixels_.state())
        document: dict[str, Any] = {
            "preparation": self.encoder_.preparation.about(),
            "videos": about,
            "terms": terms,
            "weights": self.weights_._asdict(),
            "fusion": document_of(self._taught),
            "is_taught": self._is_taught,
            "problems": list(self.problems_),
            "space": "",
        }
        if isinstance(self.space_, EncoderPair):
            document["space"] = "pair"
            arrays |= prefixed("pair_", self.space_.texts.arrays())
        elif isinstance(self.space_, JointSpace):
            document["space"] = "learned"
            arrays |= prefixed("space_", self.space_.arrays())
        if self.clicks_ is not None:
            arrays |= prefixed("clicks_", self.clicks_.arrays())
        return arrays, document

    def restore(self, arrays: Mapping[str, Array], document: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned."""
        self._check_options()
        form = Preparation.of(document["preparation"])
        kind = encoder_class(self.encoder)
        own = named("encoder_", arrays)
        self.encoder_ = kind.from_arrays(own, form)
        if self.encoder_.arrays().keys() != own.keys():
            raise ValueError("the arrays of the encoder do not fit.")
        version = version_of(self.encoder_, self.sampling)
        if version != self.manifest_.embedding_version:
            raise ValueError(
                "it was made by another version of the encoder's code; `lookalike "
                "index add` with --afresh makes a new one."
            )
        analysis = analysis_of(self.language)
        self.catalogue_ = VideoCatalogue.from_state(
            named("videos_", arrays), document["videos"]
        )
        self.space_ = None
        if document["space"] == "pair":
            pair = TextEncoder.from_arrays(named("pair_", arrays))
            self.space_ = EncoderPair(pair)
        elif document["space"] == "learned":
            held = named("space_", arrays)
            self.space_ = JointSpace.from_arrays(held, analysis)
        self.texts_ = TextSide.from_state(
            arrays, document["terms"], self.catalogue_.ids, analysis
        )
        self.pixels_ = PixelSide.from_state(
            named("pixels_", arrays), self.catalogue_, self.space_ is not None
        )
        self.weights_ = Weights(**document["weights"])
        told = document["fusion"]
        self._taught = {name: Fusion(**each) for name, each in told.items()}
        self._is_taught = bool(document["is_taught"])
        self.problems_ = tuple(document["problems"])
        clicks = named("clicks_", arrays)
        self.clicks_ = LearnedClicks.from_arrays(clicks) if clicks else None

    # --- what evaluation uses ---------------------------------------------------------

    @property
    def sampling(self) -> Sampling:
        """Which frames stand for a video."""
        return Sampling(self.sampler, self.n_frames, self.interval)

    @property
    def taught(self) -> dict[str, Fusion]:
        """What showed that meaning and pixels pay, or that they do not."""
        return dict(self._taught)

    def parts(self, query: str) -> Parts:
        """Return what each part says of every video about these words."""
        plain = unquoted(query)
        return Parts(
            self.texts_.words(query),
            self.texts_.about(plain),
            self.pixels_.fits(self._seen_vector(plain)),
            self.catalogue_.has_text,
            self.catalogue_.has_pixels,
        )

    def describe(self, query: Array) -> Array:
        """Return the frames of a picture or clip as they are searched."""
        images = query[None] if query.ndim == 3 else query
        return self.pixels_.reduce(self.encoder_.transform(images))

    # --- inside -----------------------------------------------------------------------

    def _check_options(self) -> None:
        encoder_class(self.encoder)
        check_choice("pooling", self.pooling, POOLINGS)
        _ = self.sampling  # which refuses its own

    def _open_encoder(self) -> None:
        self._check_options()
        files = self.image_encoder, self.text_encoder, self.tokenizer
        self.encoder_, texts = opened(self.encoder, *files)
        self.space_ = None if texts is None else EncoderPair(texts)

    def _index(
        self,
        entries: Sequence[Entry],
        roots: Sequence[str],
        data: VideoCollection,
        on_progress: ProgressCallback,
        teacher: "VideoSearch | None" = None,
    ) -> None:
        """Index videos, and learn from them unless another collection has taught."""
        if not entries:
            problem = self.problems_[0] if self.problems_ else "there is none"
            raise ValueError(f"No video can be used: {problem.rstrip('.')}.")
        on_progress("indexing", 0.0)
        self.clicks_ = getattr(self, "clicks_", None)
        shape = (1, *self.encoder_.preparation.shape)
        width = self.encoder_.transform(np.zeros(shape, np.uint8)).shape[1]
        catalogue = VideoCatalogue.of(entries, width, roots)
        self.catalogue_ = catalogue
        n_training = len(data.training)
        if teacher is not None and not n_training:
            n_training = int(teacher.manifest_.facts["n_training_texts"])
        self.texts_ = TextSide.of(
            catalogue.ids,
            catalogue.titles,
            catalogue.descriptions,
            self._meaning(data, teacher if n_training else None, on_progress),
            analysis_of(self.language),
        )
        on_progress("learning what words look like", 0.4)
        teaching = teaching_rows(catalogue, data)
        is_pair = isinstance(self.space_, EncoderPair)
        if teacher is not None:
            self.space_ = self.space_ if is_pair else teacher.space_
        elif not is_pair:
            self.space_ = self._learned_space(teaching)
        self.pixels_ = PixelSide.of(
            catalogue, self.space_, not is_pair, self.random_state
        )
        on_progress("weighing words and pixels", 0.7)
        if teacher is not None:
            self.weights_, self._taught = teacher.weights_, teacher._taught
        else:
            self.weights_, self._taught = learned_weights(
                data,
                catalogue,
                self.texts_,
                teaching,
                self.space_,
                self._learned_space,
                self.random_state,
            )
        self._is_taught = teacher is not None or data.root is None
        facts = {
            "n_videos": len(catalogue),
            "n_frames": len(catalogue.times),
            "n_hours": round(float(catalogue.durations.sum()) / 3600, 3),
            "n_dimensions": width,
            "n_searched": int(self.pixels_.small.shape[1]),
            "n_without_pixels": int((~catalogue.has_pixels).sum()),
            "n_without_text": int((~catalogue.has_text).sum()),
            "n_near_copies": int((catalogue.groups != np.arange(len(catalogue))).sum()),
            "n_pairs": len(teaching),
            "n_training_texts": n_training,
        }
        self.manifest_ = Manifest(
            self.configuration(),
            {"name": data.name, "checksum": data.checksum},
            facts,
            embedding_version=version_of(self.encoder_, self.sampling),
        )

    def _meaning(
        self,
        data: VideoCollection,
        teacher: "VideoSearch | None",
        on_progress: ProgressCallback,
    ) -> LatentMeaning:
        """What texts are about: as pairs of texts teach it, else as the videos' do.

        teacher : whose pairs have taught it, if those of the data do not
        """
        analysis, seed = analysis_of(self.language), self.random_state
        if data.training:
            on_progress("learning from pairs of texts", 0.1)
            return LatentMeaning.of_pairs(
                data.training, analysis, random_state=seed, **TOWERS
            )
        if teacher is not None:
            return teacher.texts_.meaning
        found, _ = LatentMeaning.fit(self.catalogue_.whole, analysis, random_state=seed)
        return found

    def _learned_space(self, rows: Ints) -> JointSpace | None:
        return learned_space(
            self.catalogue_,
            rows,
            self.pooling,
            analysis_of(self.language),
            self.random_state,
        )

    def _seen_vector(self, text: str) -> Array:
        if self.space_ is None:
            return np.zeros(0, np.float32)
        return self.space_.text(text)

    def _answer(self, query: Query, k: int) -> SearchAnswer:
        if isinstance(query, str):
            return self._by_words(query, k)
        asked = self.describe(query)
        rows, scores = self.pixels_.like(asked, self._n_ranked(k))
        return self._told(self._ordered(rows, scores, k), asked)

    def _like(self, row: int, k: int) -> SearchAnswer:
        """Other videos that are like one by its frames, whatever was clicked."""
        own = self.pixels_.small[self.catalogue_.frames(row)]
        if not len(own):
            return SearchAnswer([], [], [])
        asked = own[np.unique(np.linspace(0, len(own) - 1, 8).astype(int))]
        rows, scores = self.pixels_.like(asked, k + 1)
        others = rows != row
        rows, scores = rows[others][:k], scores[others][:k]
        found = Ordered(rows, scores, scores, [0] * len(rows))
        telling = Telling(self.catalogue_, self.pixels_, asked=asked)
        return telling.answer(found, {"pixels": scores})

    def _by_words(self, query: str, k: int) -> SearchAnswer:
        parts, weights = self.parts(query), self.weights_
        vector = self._seen_vector(unquoted(query))
        scores = parts.scores(weights)
        first = np.argsort(-scores, kind="stable")[: self._n_ranked(k)]
        if weights.seen and vector.any():
            late = parts.seen.copy()
            late[first] = self.pixels_.late(vector, first)
            parts = parts.with_seen(late)
        each = parts.weighted(weights)
        says = parts.words[first] > 0
        for part, weight in ((parts.about, weights.about), (parts.seen, weights.seen)):
            if weight:
                says |= part[first] > LEAST_SIMILAR
        rows = first[says]
        found = self._ordered(rows, each.sum(axis=0)[rows], k)
        telling = Telling(
            self.catalogue_, self.pixels_, text=vector, clicks=self.clicks_
        )
        names = ("words", "meaning", "pixels")
        return telling.answer(found, dict(zip(names, each[:, found.rows], strict=True)))

    def _told(self, found: Ordered, asked: Array) -> SearchAnswer:
        telling = Telling(
            self.catalogue_, self.pixels_, asked=asked, clicks=self.clicks_
        )
        return telling.answer(found, {"pixels": found.similarity})

    def _n_ranked(self, k: int) -> int:
        """How many videos are ordered by all their frames, and by clicks."""
        return min(len(self.catalogue_), max(N_RANKED, 4 * k))

    def _ordered(self, rows: Ints, similarity: Floats, k: int) -> Ordered:
        catalogue = self.catalogue_
        return ordered(
            rows, similarity, catalogue.groups, k, catalogue.ids, self.clicks_
        )

    def _row(self, id: str) -> int:
        row = self.catalogue_.row_of.get(id)
        if row is None:
            raise LookupError(f"There is no item {shown(id)!r}.")
        return row


TOWERS: dict[str, Any] = {
    "temperature": 0.1,
    "max_iter": 8,
    "batch_size": 1024,
    "learning_rate": 0.01,
}
"""Of the towers of texts, as chosen on validation videos of MSR-VTT."""
