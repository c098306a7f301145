"""N-grams: runs of neighbouring tokens."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def n_grams(
    tokens: Sequence[T], shortest: int = 2, longest: int | None = None
) -> list[tuple[T, ...]]:
    r"""List the runs of ``shortest`` to ``longest`` neighbouring tokens.

    .. math:: (t_i, \dots, t_{i+n-1}), \qquad i = 0, \dots, L - n

    for each n from ``shortest`` to ``longest``, short ones first, in reading order. The
    default gives bigrams. To count n-grams of many documents take ``CountVectorizer``
    with ``ngram_range``.

    Parameters
    ----------
    tokens : sequence of length L
        Words, characters or anything else.
    shortest, longest : int, default=2, None
        Lengths of the runs, both ends included; None is ``shortest``.

    Raises
    ------
    ValueError
        Unless ``1 <= shortest <= longest``.

    Examples
    --------
    >>> from lookalike.features.text import n_grams
    >>> n_grams("to be or not".split())
    [('to', 'be'), ('be', 'or'), ('or', 'not')]
    >>> ["".join(gram) for gram in n_grams("cat", 1, 3)]
    ['c', 'a', 't', 'ca', 'at', 'cat']
    """
    longest = shortest if longest is None else longest
    if not 1 <= shortest <= longest:
        raise ValueError(
            "n-grams need 1 <= shortest <= longest, "
            f"got shortest={shortest} and longest={longest}."
        )
    return [
        tuple(tokens[i : i + n])
        for n in range(shortest, longest + 1)
        for i in range(len(tokens) - n + 1)
    ]
