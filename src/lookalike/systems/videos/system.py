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
from lookalike.search import TextIndex
from lookalike.search.hits import Hits
from lookalike.search.terms import Analysis
from lookalike.search.terms.query import unquoted
from lookalike.systems.videos.catalogue import Entry, VideoCatalogue
from lookalike.systems.videos.collection import read_collection
from lookalike.systems.videos.frame_encoders import (
    BUILT_IN,
    OWN,
    FrameEncoder,
    PhotographFrames,
    encoder_class,
    version_of,
)
from lookalike.systems.videos.fusion import (
    WORDS_ALONE,
    Parts,
    Weights,
    document_of,
)
from lookalike.systems.videos.joint_space import (
    LEAST_PAIRS,
    EncoderPair,
    JointSpace,
    WordsAndPixels,
)
from lookalike.systems.videos.media import checked_file
from lookalike.systems.videos.moments import Moment, moments_of
from lookalike.systems.videos.reading import (
    ReadVideos,
    read_source,
)
from lookalike.systems.videos.sides import PixelSide, TextSide, pooled_of
from lookalike.systems.videos.teaching import (
    teaching_rows,
    weights_of_queries,
    weights_of_titles,
)

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
        answers = []
        for id in ids:
            row = self._row(id)
            own = self.pixels_.small[self.catalogue_.frames(row)]
            if not len(own):
                answers.append(SearchAnswer([], [], []))
                continue
            asked = own[np.unique(np.linspace(0, len(own) - 1, 8).astype(int))]
            every = np.flatnonzero(self.catalogue_.has_pixels)
            rows = every[every != row]
            scores = self.pixels_.interaction(asked, rows)
            order = np.argsort(-scores, kind="stable")[:k]
            answers.append(self._found(rows[order], scores[order], None, asked, {}))
        return answers

    def explain(self, query: Query) -> Explanation:
        """Say for each of the first hits which part spoke, and where it answers."""
        [answer] = self.search_each([query], N_EXPLAINED)
        if not answer.ids:
            return Explanation({}, ("No video holds a word of the query.",))
        reasons = [
            f"{rank}. {hit['id']}: {hit['part']} spoke loudest ("
            + ", ".join(f"{name} {value:+.3f}" for name, value in hit["parts"].items())
            + f"); best at {hit['second']:.1f} s, from {hit['begin']:.1f} to "
            f"{hit['end']:.1f} s."
            for rank, hit in enumerate(answer.records(), start=1)
        ]
        return Explanation(answer.records()[0], tuple(reasons))

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
        return [ids[row] for row in rows], [self._label(row) for row in rows]

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
        pixels, index = self.pixels_.state()
        words, terms = self.texts_.index.state()
        arrays = prefixed("encoder_", self.encoder_.arrays())
        arrays |= prefixed("videos_", videos) | prefixed("pixels_", pixels)
        arrays |= prefixed("words_", words)
        arrays |= prefixed("meaning_", self.texts_.meaning.arrays())
        arrays["text_vectors"] = self.texts_.vectors
        document: dict[str, Any] = {
            "preparation": self.encoder_.preparation.about(),
            "videos": about,
            "index": index,
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
        index = TextIndex.from_state(named("words_", arrays), document["terms"])
        meaning = LatentMeaning.from_arrays(named("meaning_", arrays))
        vectors = arrays["text_vectors"]
        if vectors.shape != (len(self.catalogue_), meaning.n_components):
            raise ValueError("the texts and their vectors do not fit.")
        self.texts_ = TextSide(index, self.catalogue_.ids, meaning, vectors, analysis)
        held = named("pixels_", arrays)
        self.pixels_ = PixelSide(self.catalogue_, held, document["index"], self.n_jobs)
        if len(self.pixels_.small) != len(self.catalogue_.times):
            raise ValueError("the frames and their vectors do not fit.")
        seen, of_videos = self.pixels_.seen, self.pixels_.seen_of_video
        n_seen = -1 if seen is None else len(seen)
        n_videos = -1 if of_videos is None else len(of_videos)
        has = len(self.catalogue_.times), len(self.catalogue_)
        if (n_seen, n_videos) != (has if self.space_ is not None else (-1, -1)):
            raise ValueError("the frames and the space of words do not fit.")
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
        both = (self.text_encoder, self.tokenizer)
        if (both[0] is None) != (both[1] is None):
            raise ValueError("A text side is two files: an ONNX file and a tokeniser.")
        is_own = self.encoder == OWN
        if (self.image_encoder is not None) != is_own or (both[0] and not is_own):
            raise ValueError(
                "image_encoder, and text_encoder with it, are of encoder='onnx', which "
                "needs the first."
            )
        self.space_ = None
        if not is_own:
            self.encoder_ = PhotographFrames()
            return
        from lookalike.features.onnx_images import OnnxEncoder

        assert self.image_encoder is not None
        encoder = OnnxEncoder.read(self.image_encoder)
        self.encoder_ = encoder
        if both[0] is not None and both[1] is not None:
            texts = TextEncoder.read(both[0], both[1])
            texts.check(encoder.n_dimensions)
            self.space_ = EncoderPair(texts)

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
        analysis = analysis_of(self.language)
        if data.training:
            on_progress("learning from pairs of texts", 0.1)
            meaning = LatentMeaning.of_pairs(
                data.training, analysis, random_state=self.random_state, **TOWERS
            )
        else:
            meaning, _ = LatentMeaning.fit(
                catalogue.whole, analysis, random_state=self.random_state
            )
        self.texts_ = TextSide.of(
            catalogue.ids,
            catalogue.titles,
            catalogue.descriptions,
            meaning,
            analysis,
        )
        on_progress("learning what words look like", 0.4)
        teaching = teaching_rows(catalogue, data)
        if not isinstance(self.space_, EncoderPair):
            self.space_ = (
                self._learned_space(teaching) if teacher is None else (teacher.space_)
            )
        reduces = not isinstance(self.space_, EncoderPair)
        self.pixels_ = PixelSide.of(
            catalogue, self.space_, reduces, self.random_state, self.n_jobs
        )
        on_progress("weighing words and pixels", 0.7)
        if teacher is None:
            self.weights_, self._taught = self._learned_weights(data, teaching)
        else:
            self.weights_, self._taught = teacher.weights_, teacher._taught
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
            "n_training_texts": len(data.training),
        }
        self.manifest_ = Manifest(
            self.configuration(),
            {"name": data.name, "checksum": data.checksum},
            facts,
            embedding_version=version_of(self.encoder_, self.sampling),
        )

    def _learned_space(self, rows: Ints) -> JointSpace | None:
        if len(rows) < LEAST_PAIRS:
            return None
        whole, pixels = self.catalogue_.whole, pooled_of(self.catalogue_, self.pooling)
        return JointSpace.fit(
            pixels[rows],
            [whole[row] for row in rows.tolist()],
            analysis_of(self.language),
            random_state=self.random_state,
        )

    def _learned_weights(
        self, data: VideoCollection, rows: Ints
    ) -> tuple[Weights, dict[str, Fusion]]:
        """Weights by validation queries, and by titles where there are none."""
        if data.validation is not None:
            return weights_of_queries(data.validation, self.texts_)
        if isinstance(self.space_, EncoderPair):
            if len(rows) < LEAST_PAIRS:
                return Weights(seen=1.0), {}
        elif self.space_ is None:
            return WORDS_ALONE, {}

        def space_of(others: Ints) -> WordsAndPixels | None:
            is_pair = isinstance(self.space_, EncoderPair)
            return self.space_ if is_pair else self._learned_space(others)

        weights, told = weights_of_titles(
            self.catalogue_, self.texts_, rows, space_of, self.random_state
        )
        if isinstance(self.space_, EncoderPair) and not told["seen"].n_queries:
            weights = weights._replace(seen=1.0)
        return weights, told

    def _seen_vector(self, text: str) -> Array:
        if self.space_ is None:
            return np.zeros(0, np.float32)
        return self.space_.text(text)

    def _answer(self, query: Query, k: int) -> SearchAnswer:
        if isinstance(query, str):
            return self._by_words(query, k)
        asked = self.describe(query)
        n = min(len(self.catalogue_), max(N_RANKED, 4 * k))
        rows = self.pixels_.proposed(asked, n)
        rows = self._filled_up(rows, n)
        scores = self.pixels_.interaction(asked, rows)
        rows, scores, copies = self._ordered(rows, scores, scores, k)
        return self._found(rows, scores, None, asked, copies)

    def _by_words(self, query: str, k: int) -> SearchAnswer:
        parts, weights = self.parts(query), self.weights_
        vector = self._seen_vector(unquoted(query))
        scores = parts.scores(weights)
        n = min(len(scores), max(N_RANKED, 4 * k))
        first = np.argsort(-scores, kind="stable")[:n]
        if weights.seen and vector.any():
            late = parts.seen.copy()
            late[first] = self.pixels_.late(vector, first)
            parts = parts.with_seen(late)
        each = parts.weighted(weights)
        scores = each.sum(axis=0)[first]
        says = parts.words[first] > 0
        for part, weight in ((parts.about, weights.about), (parts.seen, weights.seen)):
            if weight:
                says |= part[first] > LEAST_SIMILAR
        rows, scores, copies = self._ordered(first[says], scores[says], None, k)
        told = {
            "words": each[0][rows],
            "meaning": each[1][rows],
            "pixels": each[2][rows],
        }
        return self._found(rows, scores, vector, None, copies, told)

    def _filled_up(self, rows: Ints, n: int) -> Ints:
        """Videos that were proposed, and others with pixels where these are too few."""
        if len(rows) >= n:
            return rows
        others = np.setdiff1d(np.flatnonzero(self.catalogue_.has_pixels), rows)
        return np.concatenate([rows, others[: n - len(rows)]])

    def _ordered(
        self, rows: Ints, scores: Floats, similarity: Floats | None, k: int
    ) -> tuple[Ints, Floats, dict[int, int]]:
        """The k best, each near copy once, after what clicks have taught."""
        if self.clicks_ is not None and len(rows):
            ids = [self.catalogue_.ids[row] for row in rows.tolist()]
            scores = np.asarray(self.clicks_.score(scores, ids), np.float64)
        order = np.lexsort((rows, -scores))
        groups = self.catalogue_.groups
        kept: dict[int, int] = {}
        copies: dict[int, int] = {}
        for at in order.tolist():
            group = int(groups[rows[at]])
            if group in kept:
                copies[int(rows[kept[group]])] = (
                    copies.get(int(rows[kept[group]]), 0) + 1
                )
            elif len(kept) < k:
                kept[group] = at
        chosen = np.array(list(kept.values()), np.int64)
        return rows[chosen], scores[chosen], copies

    def _found(
        self,
        rows: Ints,
        scores: Floats,
        text: Array | None,
        asked: Array | None,
        copies: Mapping[int, int],
        told: Mapping[str, Floats] | None = None,
    ) -> SearchAnswer:
        told = told or {"pixels": scores}
        parts = [
            {name: round(float(values[at]), 6) for name, values in told.items()}
            for at in range(len(rows))
        ]
        moments = [self.moments(int(row), text, asked) for row in rows]
        columns: dict[str, list[Any]] = {
            "similarity": scores.tolist(),
            "second": [each[0].second for each in moments],
            "begin": [each[0].begin for each in moments],
            "end": [each[0].end for each in moments],
            "moments": [[vars(moment) for moment in each] for each in moments],
            "part": [max(each, key=each.__getitem__) for each in parts],
            "parts": parts,
            "duration": [float(self.catalogue_.durations[row]) for row in rows],
            "copies": [copies.get(int(row), 0) for row in rows],
        }
        if asked is not None:
            vector = np.asarray(asked.mean(axis=0))
        else:
            vector = text if text is not None and len(text) else np.zeros(1, np.float32)
        return SearchAnswer(
            [self.catalogue_.ids[row] for row in rows],
            scores.tolist(),
            [self._label(int(row)) for row in rows],
            columns,
            vector,
        )

    def moments(
        self, row: int, text: Array | None = None, asked: Array | None = None
    ) -> list[Moment]:
        """Return the moments of a video that answer, best first, at least one.

        text : of words in the space of words and pixels
        asked : frames as they are searched
        """
        duration = float(self.catalogue_.durations[row])
        times = self.catalogue_.times[self.catalogue_.frames(row)]
        scores, links = np.zeros(0), None
        if asked is not None:
            scores = self.pixels_.of_frames(asked, row)
            links = self.pixels_.links(row)
        elif text is not None and text.any():
            scores = self.pixels_.of_text(text, row)
        if not len(scores):
            return [Moment(0.0, duration, 0.0, 0.0)]
        return moments_of(times, duration, scores, links)

    def _label(self, row: int) -> str:
        return self.catalogue_.titles[row] or self.catalogue_.ids[row]

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


def analysis_of(language: str) -> Analysis:
    """Return how titles become terms; words such as "the" are left out of English."""
    stop_words = "english" if language == "english" else None
    return Analysis(None if language == "none" else language, stop_words)
