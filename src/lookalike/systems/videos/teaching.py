"""What a collection teaches about itself: its titles ask for their own videos.

A title that asks is taken away from its video, which is then found by its description
and its pixels alone. So weights are learned where nobody has asked anything yet; and
titles that are held out, which teach nothing, measure.
"""

from collections.abc import Callable
from hashlib import sha256

import numpy as np

from lookalike._typing import Ints
from lookalike.core.gated_weight import Fusion
from lookalike.datasets import VideoCollection
from lookalike.search.terms import Analysis
from lookalike.search.terms.query import unquoted
from lookalike.systems.videos.catalogue import VideoCatalogue
from lookalike.systems.videos.fusion import (
    WORDS_ALONE,
    Parts,
    Weights,
    learn_weights,
)
from lookalike.systems.videos.joint_space import (
    LEAST_PAIRS,
    EncoderPair,
    JointSpace,
    WordsAndPixels,
)
from lookalike.systems.videos.late import fit_of_text, frames_of
from lookalike.systems.videos.pixel_side import pooled_of
from lookalike.systems.videos.text_side import TextSide

N_FOLDS = 5
LEAST_HELD_OUT = 24
"""Videos with titles from which every fourth is held out."""
MOST_ASKED = 300
"""Titles of a part of the videos that ask, at most."""
MOST_WEIGHED = 1500
"""Videos that weights are learned on, at most."""


def held_out(data: VideoCollection) -> list[str]:
    """Return ids of the videos whose titles measure, and teach nothing.

    Every fourth by a checksum of its id, of a collection without queries of its own;
    none of a few.
    """
    titled = [
        id
        for id, title, text in zip(
            data.ids, data.titles, data.descriptions, strict=True
        )
        if title and text
    ]
    if data.queries or len(titled) < LEAST_HELD_OUT:
        return []
    return [id for id in titled if sha256(id.encode()).digest()[0] % 4 == 0]


def teaching_rows(catalogue: VideoCatalogue, data: VideoCollection) -> Ints:
    """Return the videos with pixels and text that are not held out."""
    both = np.flatnonzero(catalogue.has_pixels & catalogue.has_text)
    held = set(held_out(data))
    return np.array([row for row in both if catalogue.ids[row] not in held], np.int64)


def learned_space(
    catalogue: VideoCatalogue,
    rows: Ints,
    pooling: str,
    analysis: Analysis,
    random_state: int,
) -> JointSpace | None:
    """Return the space of words and pixels that some videos teach, None of too few."""
    if len(rows) < LEAST_PAIRS:
        return None
    whole, pixels = catalogue.whole, pooled_of(catalogue, pooling)
    return JointSpace.fit(
        pixels[rows],
        [whole[row] for row in rows.tolist()],
        analysis,
        random_state=random_state,
    )


def learned_weights(
    data: VideoCollection,
    catalogue: VideoCatalogue,
    texts_: TextSide,
    rows: Ints,
    space: WordsAndPixels | None,
    space_of: Callable[[Ints], WordsAndPixels | None],
    random_state: int,
) -> tuple[Weights, dict[str, Fusion]]:
    """Return weights by validation queries, or by titles where there are none.

    rows : videos that teach
    space : that answers
    space_of : the space that some of these videos teach, None of too few
    """
    if data.validation is not None:
        return weights_of_queries(data.validation, texts_)
    # Two encoders of one origin fit each other, whether titles show it or not.
    unshown = Weights(seen=1.0) if isinstance(space, EncoderPair) else WORDS_ALONE
    if space is None or len(rows) < LEAST_PAIRS:
        return unshown, {}
    ask = (lambda others: space) if isinstance(space, EncoderPair) else space_of
    weights, told = weights_of_titles(catalogue, texts_, rows, ask, random_state)
    if isinstance(space, EncoderPair) and not told["seen"].n_queries:
        weights = weights._replace(seen=1.0)
    return weights, told


def weights_of_queries(
    known: VideoCollection, texts_: TextSide
) -> tuple[Weights, dict[str, Fusion]]:
    """Return the weight of meaning by validation queries, and what showed it.

    known : videos and queries of their own, without pixels
    texts_ : whose meaning is weighed
    """
    texts = TextSide.of(
        known.ids, known.titles, known.descriptions, texts_.meaning, texts_.analysis
    )
    none = np.zeros(len(known.ids))
    all_, nobody = none == 0, none > 0
    parts = [
        Parts(texts.words(q), texts.about(q), none, all_, nobody)
        for q, _ in known.queries
    ]
    right = [texts.row_of[id] for _, id in known.queries]
    return learn_weights(parts, right, tries_pixels=False)


def weights_of_titles(
    catalogue: VideoCatalogue,
    texts_: TextSide,
    rows: Ints,
    space_of: Callable[[Ints], WordsAndPixels | None],
    random_state: int,
) -> tuple[Weights, dict[str, Fusion]]:
    """Return weights by titles that ask, each fold taught by the others.

    The videos of a fold are the catalogue in which they are looked for.

    rows : videos that teach
    space_of : the space of words and pixels that some of these teach, None of too few
    """
    if len(rows) < LEAST_PAIRS:
        return WORDS_ALONE, {}
    rng = np.random.default_rng(random_state)
    rows = np.sort(rng.permutation(rows)[:MOST_WEIGHED])
    fold = rng.permutation(len(rows)) % N_FOLDS
    found: list[Parts] = []
    right_rows: list[int] = []
    for number in range(N_FOLDS):
        space = space_of(rows[fold != number])
        if space is None:
            return WORDS_ALONE, {}
        parts, right = titles_asked(catalogue, texts_, rows[fold == number], space)
        found += parts
        right_rows += right
    return learn_weights(found, right_rows, tries_pixels=True)


def titles_asked(
    catalogue: VideoCatalogue,
    texts_: TextSide,
    rows: Ints,
    space: WordsAndPixels | None,
) -> tuple[list[Parts], list[int]]:
    """Let titles ask for their videos among these, whose titles are taken away.

    Returns what each part says for each title, and which video is right.
    """
    own = rows.tolist()
    ids = [catalogue.ids[row] for row in own]
    texts = TextSide.of(
        ids,
        [""] * len(ids),
        [catalogue.descriptions[row] for row in own],
        texts_.meaning,
        texts_.analysis,
    )
    has_text = np.array([bool(catalogue.descriptions[row]) for row in own])
    has_pixels = catalogue.has_pixels[rows]
    frames, counts = frames_of(catalogue.ends, rows)
    seen = None
    if space is not None and len(frames):
        seen = space.pixels(np.asarray(catalogue.vectors[frames], np.float32))
    parts, right = [], []
    asking = [at for at, row in enumerate(own) if _is_text(catalogue.titles[row])]
    if len(asking) > MOST_ASKED:
        places = np.linspace(0, len(asking) - 1, MOST_ASKED).astype(int)
        asking = [asking[at] for at in places.tolist()]
    for at in asking:
        plain = unquoted(catalogue.titles[own[at]])
        fits = np.zeros(len(own))
        if seen is not None and space is not None:
            fits = fit_of_text(np.asarray(seen @ space.text(plain), float), counts)
        words, about = texts.words(plain), texts.about(plain)
        parts.append(Parts(words, about, fits, has_text, has_pixels))
        right.append(at)
    return parts, right


def _is_text(title: str) -> bool:
    return any(character.isalnum() for character in title)
