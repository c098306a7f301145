"""Zero-shot recognition: which of a user's own labels fits an image best.

Each label becomes a text, and its vector is compared with the image's; nothing is
learned [1].

References
----------
.. [1] Radford et al. (2021). "Learning Transferable Visual Models From Natural Language
   Supervision". ICML. (section 3.1)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from lookalike._typing import Array
from lookalike.core.contracts import PROMPT, Answer

SCALE = 100.0
"""By which similarities are multiplied before the softmax: CLIP's, learned, is 100."""


@dataclass(frozen=True)
class NamedImage(Answer):
    """Which of the labels that were given fits an image best."""

    label: str
    probability: float
    """Among these labels alone: an image of none of them is not noticed."""
    similarity: float
    """Of the image and the label's text, the cosine."""
    probabilities: dict[str, float]


def check_labels(labels: Sequence[str]) -> list[str]:
    """Return labels without spaces around them, or refuse them.

    Raises
    ------
    ValueError
        If there are fewer than two, or one is empty or comes twice.

    Examples
    --------
    >>> check_labels(["cat", " dog"])
    ['cat', 'dog']
    """
    names = [" ".join(label.split()) for label in labels]
    if len(set(names)) < len(names) or len(names) < 2 or "" in names:
        raise ValueError(
            "labels must be at least two, all different and none empty; got "
            f"{', '.join(map(repr, labels)) or 'none'}."
        )
    return names


def prompts_of(labels: Sequence[str], prompt: str = PROMPT) -> list[str]:
    """Return the text that stands for each label.

    Raises
    ------
    ValueError
        If the prompt has no place for it.

    Examples
    --------
    >>> prompts_of(["cat", "dog"], "a drawing of a {label}")
    ['a drawing of a cat', 'a drawing of a dog']
    """
    if "{label}" not in prompt:
        raise ValueError(f"The prompt must hold {{label}}, got {prompt!r}.")
    return [prompt.replace("{label}", label) for label in labels]


def by_similarity(similarities: Array, labels: Sequence[str]) -> NamedImage:
    """Return the answer to one image: the softmax of its similarities, times 100.

    similarities : (n_labels,), cosines of the image and the labels' texts

    Examples
    --------
    >>> found = by_similarity(np.array([0.25, 0.27]), ["cat", "dog"])
    >>> found.label, round(found.probability, 4)  # exp(2) / (1 + exp(2))
    ('dog', 0.8808)
    """
    given = np.asarray(similarities, np.float64)
    shares, best = softmax(SCALE * given), int(given.argmax())
    return NamedImage(
        labels[best],
        float(shares[best]),
        float(given[best]),
        dict(zip(labels, shares.tolist(), strict=True)),
    )
