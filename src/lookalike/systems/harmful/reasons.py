"""The reason of an answer, in sentences: how likely, the policy, and the words."""

from collections.abc import Sequence

import numpy as np

from lookalike._typing import Floats
from lookalike.core.masking import masked
from lookalike.systems.harmful.answers import HarmAnswer
from lookalike.systems.harmful.occlusion import Lost

N_WORDS = 6
"""Words that are told."""
N_REGIONS = 3
"""Regions of a picture that are told."""


def reasons(
    answer: HarmAnswer,
    words: Sequence[str],
    parts: Floats,
    intercept: float,
    reveal: bool,
) -> tuple[str, ...]:
    """Return sentences on an answer, those of its words with their parts of the score.

    words, parts, intercept : as ``Harmful.parts`` returns them
    reveal : whether words are shown with all their letters

    Examples
    --------
    >>> answer = HarmAnswer(
    ...     "queue", "insult", 0.8, 0.7, 0.9, "en", 0.6, 0.2, None, {"insult": 0.8}
    ... )
    >>> for each in reasons(answer, ["you", "turnip"], np.array([-0.5, 2]), 0.1, False):
    ...     print(each)
    harm of any kind has probability 0.80 [0.70, 0.90]: queue
    't*****' (word 2) speaks for insult: +2.00
    'y**' (word 1) speaks against insult: -0.50
    other words +0.00, without any word +0.10: together +1.60
    """
    kind = answer.kind or "any"
    about = _about(answer)
    order = np.argsort(-np.abs(parts), kind="stable")[:N_WORDS]
    spoke = [
        f"{words[at] if reveal else masked(words[at])!r} (word {at + 1}) speaks "
        f"{'for' if parts[at] > 0 else 'against'} {kind}: {parts[at]:+.2f}"
        for at in order.tolist()
    ]
    rest = float(parts.sum() - parts[order].sum())
    total = float(parts.sum()) + intercept
    end = (
        f"other words {rest:+.2f}, without any word {intercept:+.2f}: together "
        f"{total:+.2f}"
    )
    return (*about, *spoke, end)


def reasons_of_parts(
    answer: HarmAnswer, lost: Sequence[Lost], reveal: bool
) -> tuple[str, ...]:
    """Return sentences on an answer that was found from several parts of a post.

    lost : what the score of the answer's kind loses without each of them

    Examples
    --------
    >>> answer = HarmAnswer(
    ...     "queue", "any", 0.8, 0.7, 0.9, "en", 0.6, 0.2, None, {"any": 0.8}
    ... )
    >>> lost = [Lost("part", "picture", 2.0), Lost("word", "turnip", -0.5)]
    >>> for each in reasons_of_parts(answer, lost, False):
    ...     print(each)
    harm of any kind has probability 0.80 [0.70, 0.90]: queue
    without the picture the score of any would be 2.00 lower
    without 't*****' the score of any would be 0.50 higher
    """
    kind, told = answer.kind or "any", _about(answer)
    for what, most in (("part", 4), ("word", N_WORDS), ("region", N_REGIONS)):
        own = [each for each in lost if each.what == what]
        for each in sorted(own, key=lambda each: -abs(each.score))[:most]:
            name = {
                "part": f"the {each.name}",
                "word": repr(each.name if reveal else masked(each.name)),
                "region": f"the picture's {each.name}",
            }[what]
            way = "lower" if each.score > 0 else "higher"
            told.append(
                f"without {name} the score of {kind} would be {abs(each.score):.2f} "
                f"{way}"
            )
    return tuple(told)


def _about(answer: HarmAnswer) -> list[str]:
    """How likely harm is and what is done, and the line of the policy."""
    certain = f"{answer.probability:.2f} [{answer.low:.2f}, {answer.high:.2f}]"
    about = [f"harm of any kind has probability {certain}: {answer.action}"]
    if answer.policy is not None:
        about.append(f"policy, {answer.policy}")
    return about
