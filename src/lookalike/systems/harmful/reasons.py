"""The reason of an answer, in sentences: how likely, the policy, and the words."""

from collections.abc import Sequence

import numpy as np

from lookalike._typing import Floats
from lookalike.core.masking import masked
from lookalike.systems.harmful.answers import HarmAnswer

N_WORDS = 6
"""Words that are told."""


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
    order = np.argsort(-np.abs(parts), kind="stable")[:N_WORDS]
    certain = f"{answer.probability:.2f} [{answer.low:.2f}, {answer.high:.2f}]"
    about = [f"harm of any kind has probability {certain}: {answer.action}"]
    if answer.policy is not None:
        about.append(f"policy, {answer.policy}")
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
