"""The order of completions, learned from queries that were typed later.

How often a query was asked and how likely its words are speak of it in different
units. A conditional logit (McFadden 1974) finds what each is worth: of the completions
``c`` of what was typed, the one that was meant has the probability
``exp(w x_c) / sum_d exp(w x_d)``, and the weights ``w`` make the queries likeliest that
people typed after those that the counts are of.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from lookalike._typing import Floats

FEATURES = (
    *("share", "asked", "unseen_words", "unseen_each_word", "letters", "more_words"),
    *("one_word", "two_words", "asked_letters"),
)
"""Of a completion: the logarithm of its probability by share and words mixed; whether
it was asked; if not, those of its words and of one of them; what it adds to what was
typed, in letters and words, whether it is one word or two; and letters of what was
asked. A new query of words that nobody used before is asked all the same, so that of
what was asked the words say nothing by themselves."""
N_FEATURES = len(FEATURES)
UNLEARNED = np.eye(N_FEATURES)[0]
"""Weights that order by the first feature alone."""
LEAST = 200
"""Lists of completions that it takes to learn an order."""
_RAREST = np.exp(-40.0)  # less likely words say nothing more
_PENALTY = 1e-3


class Completions(NamedTuple):
    """Completions of one text that is being typed.

    queries : all of them begin with it
    shares : float64 (n,), of all askings, 0 where a query was not asked
    likely : float64 (n,), probabilities of their words
    """

    queries: Sequence[str]
    shares: Floats
    likely: Floats


def features_of(typed: str, found: Completions, asked_weight: float) -> Floats:
    """Return the features of completions, float64 (n, 9), see ``FEATURES``.

    asked_weight : of shares against the probability of words, in the first

    Examples
    --------
    >>> found = Completions(["new york", "news"], np.array([0.2, 0.0]), np.full(2, 0.1))
    >>> rows = features_of("ne", found, 0.5).T
    >>> [dict(zip(FEATURES, rows))[name].tolist() for name in ("letters", "more_words")]
    [[6.0, 2.0], [2.0, 1.0]]
    >>> np.exp(rows[0]).round(3).tolist()
    [0.15, 0.05]
    """
    blanks = np.array([query.count(" ") for query in found.queries], np.float64)
    letters = np.array([len(query) for query in found.queries], np.float64) - len(typed)
    mixed = asked_weight * found.shares + (1 - asked_weight) * found.likely
    share, words = np.log(np.maximum(mixed, 1e-300)), np.log(found.likely + _RAREST)
    asked, more = found.shares > 0, blanks - typed.count(" ") + 1
    columns = (
        *(share, asked, ~asked * words, ~asked * words / (blanks + 2), letters, more),
        *(more == 1, more == 2, asked * letters),
    )
    return np.stack(columns, axis=1).astype(np.float64)


def learn_weights(lists: Sequence[Floats], meant: Sequence[int]) -> Floats:
    """Return the weights of features under which what was meant is likeliest.

    lists : features of the completions of each text, (n_completions, 9)
    meant : which of them was typed in the end

    Fewer than 200 lists leave the first feature alone. Cost: some 100 passes over all.
    """
    if len(lists) < LEAST:
        return UNLEARNED
    rows = np.concatenate(lists)
    sizes = np.array([len(each) for each in lists])
    starts = np.cumsum(sizes) - sizes
    mean, deviation = rows.mean(0), rows.std(0) + 1e-9
    rows = (rows - mean) / deviation
    chosen = rows[starts + np.array(meant)].sum(0)

    def loss(weights: Floats) -> tuple[float, Floats]:
        scores = rows @ weights
        highest = np.maximum.reduceat(scores, starts)
        powers = np.exp(scores - np.repeat(highest, sizes))
        sums = np.add.reduceat(powers, starts)
        value = float((np.log(sums) + highest).sum() - chosen @ weights)
        slope = (powers / np.repeat(sums, sizes)) @ rows - chosen
        penalty = _PENALTY * float(weights @ weights)
        slope = slope / len(lists) + 2 * _PENALTY * weights
        return value / len(lists) + penalty, np.asarray(slope, np.float64)

    # What is asked more often never comes later for that.
    bounds = [(0, None)] + [(None, None)] * (N_FEATURES - 1)
    start = np.zeros(N_FEATURES)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x / deviation, np.float64)
