"""Losses of lists: what moving the score of each row of a query would gain.

All are written for the scores s and grades of one query. What they share: only the
differences of scores within a query count, and, but for SOFTMAX, a query whose rows
have the same grade teaches nothing.
"""

import numpy as np

from lookalike.kernels.compiled import njit

RANKNET, LISTNET, LISTMLE, XENDCG, LAMBDARANK, SOFTMAX = range(6)
NEAR = 0.01  # added to the distance of two scores that LambdaRank divides by


@njit(cache=True, nogil=True)
def list_gradients(
    loss,
    scores,
    grades,
    draws,
    starts,
    weights,
    first,
    last,
    truncation,
    gradients,
    hessians,
):
    """Derivatives of the loss by the scores, of queries ``first`` to ``last - 1``.

    loss       : one of the numbers above
    scores, grades : float64 (n_rows,)
    draws      : float64 (n_rows,), uniform numbers, which only XENDCG reads; ListMLE
                 reads rows of one grade in the order given
    starts     : int64 (n_queries + 1,), first row of each query
    weights    : float64 (n_queries,)
    truncation : of LAMBDARANK, see ``lambdarank``
    gradients, hessians : out, float64 (n_rows,); Hessians are at least 0

    Returns the sum of the losses; of LAMBDARANK, which has none, 0. Cost: O(n) a query
    of n rows, of RANKNET O(n^2), of LAMBDARANK O(truncation * n).
    """
    total = 0.0
    for query in range(first, last):
        a, b = starts[query], starts[query + 1]
        g, h = gradients[a:b], hessians[a:b]
        g[:], h[:] = 0.0, 0.0
        s, y = scores[a:b], grades[a:b]
        if loss != SOFTMAX and y.min() == y.max():
            continue
        if loss == SOFTMAX:
            own = softmax(s, y, g, h)
        elif loss == RANKNET:
            own = ranknet(s, y, g, h)
        elif loss == LISTNET:
            own = listnet(s, y, g, h)
        elif loss == LISTMLE:
            own = listmle(s, y, g, h)
        elif loss == XENDCG:
            own = xendcg(s, y, draws[a:b], g, h)
        else:
            own = lambdarank(s, y, truncation, g, h)
        total += weights[query] * own
        g *= weights[query]
        h *= weights[query]
    return total


@njit(cache=True, nogil=True)
def ranknet(scores, grades, gradients, hessians):
    """Mean of log(1 + exp(s_j - s_i)) over the pairs in which i has the higher grade.

    Burges et al. (2005), "Learning to rank using gradient descent", equation 3.
    """
    n = scores.shape[0]
    loss, n_pairs = 0.0, 0
    for i in range(n):
        for j in range(n):
            if grades[i] <= grades[j]:
                continue
            n_pairs += 1
            difference = scores[i] - scores[j]
            wrong = 1.0 / (1.0 + np.exp(difference))  # chance that j is before i
            loss += max(-difference, 0.0) + np.log1p(np.exp(-abs(difference)))
            gradients[i] -= wrong
            gradients[j] += wrong
            hessians[i] += wrong * (1.0 - wrong)
            hessians[j] += wrong * (1.0 - wrong)
    gradients /= n_pairs
    hessians /= n_pairs
    return loss / n_pairs


@njit(cache=True, nogil=True)
def listnet(scores, grades, gradients, hessians):
    """Cross-entropy of softmax(s) from softmax(grades): the chances to be on top.

    Cao et al. (2007), "Learning to rank: from pairwise approach to listwise approach",
    equation 3 with the chances of theorem 8.
    """
    chance, log_sum = _softmax(scores)
    target, _ = _softmax(grades)
    loss = log_sum
    for i in range(scores.shape[0]):
        loss -= target[i] * scores[i]
        gradients[i] = chance[i] - target[i]
        hessians[i] = chance[i] * (1.0 - chance[i])
    return loss


@njit(cache=True, nogil=True)
def softmax(scores, gains, gradients, hessians):
    """Cross-entropy of softmax(s), of each row times its gain, a number of at least 0.

    Of counts it is minus the log-likelihood of that many draws of a row by softmax(s);
    gains may be anything that is to be at the top in proportion. Ai et al. (2018),
    "Unbiased learning to rank with unbiased propensity estimation", whose gains are
    clicks over examination.
    """
    chance, log_sum = _softmax(scores)
    total, loss = gains.sum(), 0.0
    for i in range(scores.shape[0]):
        loss += gains[i] * (log_sum - scores[i])
        gradients[i] = total * chance[i] - gains[i]
        hessians[i] = total * chance[i] * (1.0 - chance[i])
    return loss


@njit(cache=True, nogil=True)
def listmle(scores, grades, gradients, hessians):
    """Minus the log-likelihood of the order of the grades (Plackett and Luce).

    The first is drawn by softmax(s) from all rows, the next from the others, and so on
    to the last row above the lowest grade. Xia et al. (2008), "Listwise approach to
    learning to rank: theory and algorithm", equation 9.
    """
    n = scores.shape[0]
    order = np.argsort(-grades, kind="mergesort")
    highest, lowest = scores.max(), grades.min()
    weight = np.exp(scores - highest)
    left = np.empty(n)  # sum over the rows that are not drawn yet
    total = 0.0
    for place in range(n - 1, -1, -1):
        total += weight[order[place]]
        left[place] = max(total, 1e-300)  # 0 where all that are left underflow
    loss, once, twice = 0.0, 0.0, 0.0  # sums of 1 / left and of its square
    for place in range(n):
        i = order[place]
        drawn = grades[i] > lowest
        if drawn:
            loss += np.log(left[place]) + highest - scores[i]
            once += 1.0 / left[place]
            twice += 1.0 / left[place] ** 2
        gradients[i] = weight[i] * once - drawn
        hessians[i] = max(weight[i] * once - weight[i] ** 2 * twice, 0.0)
    return loss


@njit(cache=True, nogil=True)
def xendcg(scores, grades, draws, gradients, hessians):
    """Cross-entropy of softmax(s) from shares of 2^grade - draw, a bound of nDCG.

    Bruch (2021), "An alternative cross entropy loss for learning-to-rank", section 4,
    with the gradients of second order of its appendix, as LightGBM computes them.
    """
    n = scores.shape[0]
    chance, log_sum = _softmax(scores)
    target = 2.0**grades - draws
    target /= target.sum()
    loss = log_sum
    term, sum_first = np.empty(n), 0.0
    for i in range(n):
        loss -= target[i] * scores[i]
        gradients[i] = chance[i] - target[i]
        hessians[i] = chance[i] * (1.0 - chance[i])
        term[i] = gradients[i] / max(1.0 - chance[i], 1e-15)
        sum_first += term[i]
    sum_second = 0.0
    for i in range(n):
        second = chance[i] * (sum_first - term[i])
        gradients[i] += second
        term[i] = second / max(1.0 - chance[i], 1e-15)
        sum_second += term[i]
    for i in range(n):
        gradients[i] += chance[i] * (sum_second - term[i])
    return loss


@njit(cache=True, nogil=True)
def lambdarank(scores, grades, truncation, gradients, hessians):
    """RankNet's gradients of pairs, each times the nDCG that exchanging them changes.

    A pair counts if one of it is among the ``truncation`` best scores, the better
    scored one first where scores are equal. nDCG is that of as many places. Burges
    (2010), "From RankNet to LambdaRank to LambdaMART", section 4. As in LightGBM, a
    pair's change is divided by the distance of its scores, and a query with much to
    gain counts by the logarithm of its sum.
    """
    n = scores.shape[0]
    order = np.argsort(-scores, kind="mergesort")
    gains = 2.0**grades - 1.0
    discounts = 1.0 / np.log2(np.arange(n) + 2.0)
    best = np.sort(gains)
    ideal = 0.0
    for place in range(min(truncation, n)):
        ideal += best[n - 1 - place] * discounts[place]
    spread = scores[order[0]] != scores[order[n - 1]]
    total = 0.0
    for place in range(min(truncation, n - 1)):
        for other in range(place + 1, n):
            high, low = order[place], order[other]
            if grades[high] == grades[low]:
                continue
            if grades[high] < grades[low]:
                high, low = low, high
            change = (gains[high] - gains[low]) / ideal
            change *= discounts[place] - discounts[other]
            difference = scores[high] - scores[low]
            if spread:
                change /= NEAR + abs(difference)
            wrong = 1.0 / (1.0 + np.exp(difference))
            gradient, hessian = wrong * change, wrong * (1.0 - wrong) * change
            gradients[high] -= gradient
            gradients[low] += gradient
            hessians[high] += hessian
            hessians[low] += hessian
            total += 2.0 * gradient
    if total > 0.0:
        weight = np.log2(1.0 + total) / total
        gradients *= weight
        hessians *= weight
    return 0.0


@njit(cache=True, nogil=True)
def _softmax(scores):
    """Shares of exp(s), and the logarithm of their sum."""
    highest = scores.max()
    shares = np.exp(scores - highest)
    total = shares.sum()
    return shares / total, highest + np.log(total)
