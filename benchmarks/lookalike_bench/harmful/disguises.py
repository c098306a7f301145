"""Posts written in disguise, judged with and without looking through it."""

from dataclasses import replace
from typing import Any

import numpy as np

from lookalike.datasets.harmful_texts import load_told_br
from lookalike.datasets.posts import LabelledPosts
from lookalike.evaluate.precision_recall import pr_auc
from lookalike.features.text.undisguise import SIGNS
from lookalike.systems.harmful import SPEC
from lookalike_bench.bars import Row


def disguise() -> list[Row]:
    """Write half of the letters that have a sign for them as that sign."""
    data = load_told_br()
    texts = [disguised(text) for text in data.validation.texts]
    hidden = replace(data.validation, texts=tuple(texts))
    rows = []
    for name, see_through in (("looked through", True), ("as written", False)):
        system = SPEC.new({"see_through": see_through}).fit(data)
        aps = [_ap_of(system, each) for each in (data.validation, hidden)]
        rows.append({"method": name, "plain ap": aps[0], "disguised ap": aps[1]})
    return rows


def disguised(text: str, random_state: int = 0) -> str:
    """Return a text with signs for some of the letters inside its words."""
    rng = np.random.default_rng(random_state + len(text))
    signs = {letter: sign for sign, letter in SIGNS.items() if sign not in "@!"}
    inside = [
        0 < at < len(text) - 1 and text[at - 1].isalpha() and text[at + 1].isalpha()
        for at in range(len(text))
    ]
    return "".join(
        signs.get(each, each) if within and rng.random() < 0.5 else each
        for each, within in zip(text, inside, strict=True)
    )


def _ap_of(system: Any, posts: LabelledPosts) -> float:
    found = system.judge(posts.texts, posts.languages)
    return pr_auc(posts.labels[:, 0], found.probabilities[:, 0])
