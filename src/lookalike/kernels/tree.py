"""Decision trees on sorted columns: sorted once, then partitioned.

Every feature keeps its rows in the order of its values. A node owns a stretch of each
feature's list; a split partitions every stretch in order, so nothing is sorted again.
Rows with a feature's most frequent value can be left out of its list: their statistics
are those of the node less those of the others. Most pixels are black, and most counts
are zero.
"""

from typing import NamedTuple

import numpy as np

from lookalike.kernels.compiled import njit

GINI, ENTROPY, SQUARED_ERROR = 0, 1, 2
NONE = -1  # no child, no default value
LIGHT = 1e-12  # share of a node's weight that a difference of weights still resolves
TINY = np.finfo(np.float64).eps  # impurity that counts as none, as in scikit-learn


class Columns(NamedTuple):
    """The sorted lists of all features, one after the other."""

    rows: np.ndarray  # int32 (n_entries,), row of each entry
    ranks: np.ndarray  # uint16 or int32 (n_entries,), position of its value among all
    starts: np.ndarray  # int64 (n_features + 1,), first entry of each feature
    default: np.ndarray  # int64 (n_features,), rank that has no entries, or NONE
    values: np.ndarray  # float64, distinct values of all features, sorted within each
    value_starts: np.ndarray  # int64 (n_features + 1,), first value of each feature


class Targets(NamedTuple):
    """What is predicted. Either ``label`` or ``target`` is in use."""

    label: np.ndarray  # int32 (n_rows,), class, or empty
    target: np.ndarray  # float64 (n_rows,), number, or empty
    weight: np.ndarray  # float64 (n_rows,), or empty if all are 1
    n_stats: int  # number of classes, or 3: weight, weighted sum and sum of squares
    criterion: int


class Limits(NamedTuple):
    """Where growth ends."""

    max_depth: int
    min_samples_split: int
    min_samples_leaf: int
    min_weight_leaf: float
    min_decrease: float
    max_leaf_nodes: int  # 0: no limit, grown depth first; else best first
    max_features: int


# Columns of a tree's table of whole numbers, and of its table of reals.
LEFT, RIGHT, FEATURE, N_SAMPLES, DEPTH, FIRST, RANK, SLOT = range(8)
THRESHOLD, IMPURITY, WEIGHT, GAIN = range(4)


@njit(cache=True, nogil=True)
def sort_bytes(column, rows, ranks, values):
    """Entries of a column of few whole numbers, sorted by counting.

    column : uint8 or uint16 (n,), numbers below 2**16
    rows, ranks : out, at least n long
    values : out, distinct numbers, at least as long as there are

    Returns the number of entries, of distinct values, and the default rank.
    """
    n = column.shape[0]
    counts = np.zeros(65536 if column.itemsize == 2 else 256, np.int64)
    for i in range(n):
        counts[column[i]] += 1
    default = np.argmax(counts)
    keep_all = counts[default] * 4 < n
    n_values, n_entries, default_rank = 0, 0, NONE
    rank_of = np.empty(counts.shape[0], np.int64)
    for v in range(counts.shape[0]):
        if counts[v] == 0:
            continue
        values[n_values] = v
        rank_of[v] = n_values
        if v == default and not keep_all:
            default_rank = n_values
        n_values += 1
        here = counts[v]
        counts[v] = n_entries
        if v != default or keep_all:
            n_entries += here
    for i in range(n):
        v = column[i]
        if v != default or keep_all:
            rows[counts[v]] = i
            ranks[counts[v]] = rank_of[v]
            counts[v] += 1
    return n_entries, n_values, default_rank


@njit(cache=True, nogil=True)
def rank_sorted(column, order, rows, ranks, values):
    """``sort_bytes`` for any numbers, given the order that sorts them."""
    n = order.shape[0]
    n_values, run, longest, default_rank = 0, 0, 0, 0
    for p in range(n):
        value = column[order[p]]
        if p == 0 or value != values[n_values - 1]:
            values[n_values] = value
            n_values += 1
            run = 0
        run += 1
        if run > longest:
            longest, default_rank = run, n_values - 1
        rows[p] = order[p]
        ranks[p] = n_values - 1
    if longest * 4 < n:
        return n, n_values, NONE
    n_entries = 0
    for p in range(n):
        if ranks[p] != default_rank:
            rows[n_entries] = rows[p]
            ranks[n_entries] = ranks[p]
            n_entries += 1
    return n_entries, n_values, default_rank


@njit(cache=True, nogil=True)
def _x_log_x(x):
    return x * np.log(x) if x > 0 else 0.0


@njit(cache=True, nogil=True)
def _purity(stats, weight, criterion):
    """What a split maximises, summed over both sides: weight times (c - impurity)."""
    if criterion == SQUARED_ERROR:
        return stats[1] * stats[1] / weight
    total = 0.0
    if criterion == GINI:
        for c in range(stats.shape[0]):
            total += stats[c] * stats[c]
        return total / weight
    for c in range(stats.shape[0]):
        total += _x_log_x(stats[c])
    return total - _x_log_x(weight)


@njit(cache=True, nogil=True)
def _impurity(stats, weight, criterion):
    purity = _purity(stats, weight, criterion) / weight
    if criterion == GINI:
        return max(0.0, 1.0 - purity)
    if criterion == ENTROPY:
        return max(0.0, -purity / np.log(2.0))
    variance = stats[2] / weight - purity
    return variance if variance > 4 * TINY * stats[2] / weight else 0.0  # rounding


@njit(cache=True, nogil=True)
def _add_up(rows, targets, stats):
    """Statistics of some rows; returns their weight."""
    stats[:] = 0
    weight = 0.0
    for i in rows:
        w = targets.weight[i] if targets.weight.shape[0] else 1.0
        weight += w
        if targets.criterion == SQUARED_ERROR:
            y = targets.target[i]
            stats[0] += w
            stats[1] += w * y
            stats[2] += w * y * y
        else:
            stats[targets.label[i]] += w
    return weight


@njit(cache=True, nogil=True)
def _scan_classes(columns, first, last, step, beyond, targets, limits, node, side):
    """Best boundary in entries ``first``, ``first + step``, ... before ``last``.

    beyond : rank that follows the last entry, or NONE
    node   : number of rows, weight, statistics
    side   : scratch, statistics of the entries passed

    Returns the score, the rank before the boundary and the rank behind it. Of equally
    good ones that of the smallest values.
    """
    n, weight, total = node
    label, weights = targets.label, targets.weight
    rows, ranks = columns.rows, columns.ranks
    entropy = targets.criterion == ENTROPY
    best, at, behind = -np.inf, NONE, NONE
    side[:] = 0
    passed, n_passed = 0.0, 0
    here, there = 0.0, 0.0  # sums of squares, or of x log x, of both sides
    for c in range(total.shape[0]):
        there += _x_log_x(total[c]) if entropy else total[c] * total[c]
    p = first
    while p != last:
        rank, i = np.int64(ranks[p]), rows[p]
        c = label[i]
        w = weights[i] if weights.shape[0] else 1.0
        a = side[c]
        b = total[c] - a
        if entropy:
            here += _x_log_x(a + w) - _x_log_x(a)
            there += _x_log_x(b - w) - _x_log_x(b)
        else:
            here += w * (2 * a + w)
            there += w * (w - 2 * b)
        side[c] = a + w
        passed += w
        n_passed += 1
        p += step
        following = beyond if p == last else np.int64(ranks[p])
        if following in (rank, NONE):
            continue
        left = weight - passed
        if min(n_passed, n - n_passed) < limits.min_samples_leaf:
            continue
        if min(passed, left) < limits.min_weight_leaf:
            continue
        if left <= LIGHT * weight:  # a difference that is mostly rounding
            continue
        if entropy:
            score = here - _x_log_x(passed) + there - _x_log_x(left)
        else:
            score = here / passed + there / left
        if score > best or (score == best and step < 0):
            best, at, behind = score, rank, following
    return best, at, behind


@njit(cache=True, nogil=True)
def _scan_targets(columns, first, last, step, beyond, targets, limits, node):
    """``_scan_classes`` for numbers: squares of the sums of both sides."""
    n, weight, total = node
    target, weights = targets.target, targets.weight
    rows, ranks = columns.rows, columns.ranks
    best, at, behind = -np.inf, NONE, NONE
    passed, n_passed, here = 0.0, 0, 0.0
    p = first
    while p != last:
        rank, i = np.int64(ranks[p]), rows[p]
        w = weights[i] if weights.shape[0] else 1.0
        here += w * target[i]
        passed += w
        n_passed += 1
        p += step
        following = beyond if p == last else np.int64(ranks[p])
        if following in (rank, NONE):
            continue
        left = weight - passed
        if min(n_passed, n - n_passed) < limits.min_samples_leaf:
            continue
        if min(passed, left) < limits.min_weight_leaf:
            continue
        if left <= LIGHT * weight:  # a difference that is mostly rounding
            continue
        there = total[1] - here
        score = here * here / passed + there * there / left
        if score > best or (score == best and step < 0):
            best, at, behind = score, rank, following
    return best, at, behind


@njit(cache=True, nogil=True)
def _scan(columns, first, last, step, beyond, targets, limits, node, side):
    if targets.criterion == SQUARED_ERROR:
        return _scan_targets(columns, first, last, step, beyond, targets, limits, node)
    return _scan_classes(
        columns, first, last, step, beyond, targets, limits, node, side
    )


@njit(cache=True, nogil=True)
def _best_of_feature(columns, low, high, default, targets, limits, node, side):
    """Best split of entries ``low`` to ``high - 1`` and the rows that have none.

    From the smallest value up to the default, then from the largest down to it.
    Returns the score, the rank left of the boundary and the rank right of it.
    """
    if node[0] == high - low:
        default = NONE
    middle = high
    if default != NONE:
        middle = low
        step = high - low
        while step > 0:  # first entry above the default
            half = step // 2
            if columns.ranks[middle + half] < default:
                middle += half + 1
                step -= half + 1
            else:
                step = half
    best, left, right = _scan(
        columns, low, middle, 1, default, targets, limits, node, side
    )
    if middle < high:
        score, at, behind = _scan(
            columns, high - 1, middle - 1, -1, default, targets, limits, node, side
        )
        if score > best:
            return score, behind, at
    return best, left, right


@njit(cache=True, nogil=True)
def _next_random(state):
    """A number below 2**31 - 1: the generator of Lehmer, in whole numbers."""
    state[0] = state[0] * 48271 % 2147483647
    return state[0]


@njit(cache=True, nogil=True)
def _best_split(columns, spans, targets, limits, node, side, order, state):
    """Best split over the features: score, feature, rank left of it, rank right of it.

    spans : (n_features, 2), the node's entries
    order : permutation of the features, shuffled as far as it is read unless all are

    With fewer than all features allowed, random ones are tried, and more than allowed
    as long as none can be split.
    """
    best, feature, left, right = -np.inf, NONE, NONE, NONE
    n_features = order.shape[0]
    for k in range(n_features):
        if limits.max_features < n_features:
            if k >= limits.max_features and feature != NONE:
                break
            other = k + _next_random(state) % (n_features - k)
            order[k], order[other] = order[other], order[k]
        j = order[k]
        if spans[j, 0] == spans[j, 1]:
            continue
        score, below, above = _best_of_feature(
            columns,
            spans[j, 0],
            spans[j, 1],
            columns.default[j],
            targets,
            limits,
            node,
            side,
        )
        if score > best:
            best, feature, left, right = score, j, below, above
    return best, feature, left, right


@njit(cache=True, nogil=True)
def _partition(rows, ranks, low, high, goes_left, spare_rows, spare_ranks):
    """Bring the entries that go left to the front, both sides in order; their end."""
    left, n_right = low, 0
    for p in range(low, high):
        row, rank = rows[p], ranks[p]
        rows[left] = row
        ranks[left] = rank
        spare_rows[n_right] = row
        spare_ranks[n_right] = rank
        goes = np.int64(goes_left[row])
        left += goes
        n_right += 1 - goes
    rows[left:high] = spare_rows[:n_right]
    ranks[left:high] = spare_ranks[:n_right]
    return left


@njit(cache=True, nogil=True)
def _mark(columns, spans, members, feature, rank, goes_left):
    """Mark the rows of a node whose value of ``feature`` has at most this rank."""
    goes_left[members] = columns.default[feature] <= rank
    for p in range(spans[feature, 0], spans[feature, 1]):
        goes_left[columns.rows[p]] = columns.ranks[p] <= rank


@njit(cache=True, nogil=True)
def _threshold(columns, feature, left, right):
    """Half way between two values, but never the upper one."""
    values = columns.values[columns.value_starts[feature] :]
    half = values[left] / 2 + values[right] / 2
    return half if values[left] <= half < values[right] else values[left]


@njit(cache=True, nogil=True)
def _may_grow(n_samples, weight, depth, limits):
    return (
        depth < limits.max_depth
        and n_samples >= limits.min_samples_split
        and n_samples >= 2 * limits.min_samples_leaf
        and weight >= 2 * limits.min_weight_leaf
    )


@njit(cache=True, nogil=True)
def _take_next(frontier, n_frontier, real, best_first):
    """Take out of the frontier the node to split next, and return it."""
    best = n_frontier - 1
    if best_first:
        for k in range(n_frontier):
            if real[frontier[k], GAIN] > real[frontier[best], GAIN]:
                best = k
    node = frontier[best]
    frontier[best] = frontier[n_frontier - 1]
    return node


@njit(cache=True, nogil=True)
def _partition_members(members, goes_left, spare):
    """Bring members that go left to the front, both sides in order; their number."""
    n_left, n_right = 0, 0
    for i in members:
        members[n_left] = i
        spare[n_right] = i
        goes = np.int64(goes_left[i])
        n_left += goes
        n_right += 1 - goes
    members[n_left:] = spare[:n_right]
    return n_left


@njit(cache=True, nogil=True)
def _partition_columns(columns, spans, slots, goes_left, spare_rows, spare_ranks):
    """Partition every feature's stretch of a node; set the children's spans.

    spans : (n_slots, n_features, 2); slots : of the node and its children, or NONE
    """
    parent, left, right = slots
    for j in range(spans.shape[1]):
        low, high = spans[parent, j]
        middle = _partition(
            columns.rows, columns.ranks, low, high, goes_left, spare_rows, spare_ranks
        )
        if left != NONE:
            spans[left, j, 0], spans[left, j, 1] = low, middle
        if right != NONE:
            spans[right, j, 0], spans[right, j, 1] = middle, high


@njit(cache=True, nogil=True)
def _doubled(table):
    more = np.empty((2 * table.shape[0], *table.shape[1:]), table.dtype)
    more[: table.shape[0]] = table
    return more


@njit(cache=True, nogil=True)
def _find_split(t, columns, spans, targets, limits, whole, real, stats, scratch):
    """Store the best split of node t; returns whether it is made."""
    side, order, state = scratch
    weight = real[t, WEIGHT]
    real[t, IMPURITY] = _impurity(stats[t], weight, targets.criterion)
    if whole[t, SLOT] == NONE or real[t, IMPURITY] <= TINY:
        return False
    node = (whole[t, N_SAMPLES], weight, stats[t])
    span = spans[whole[t, SLOT]]
    score, feature, below, above = _best_split(
        columns, span, targets, limits, node, side, order, state
    )
    if feature == NONE:
        return False
    gain = score - _purity(stats[t], weight, targets.criterion)
    gain = max(0.0, gain) / real[0, WEIGHT]  # below 0 by rounding only
    if targets.criterion == ENTROPY:
        gain /= np.log(2.0)
    if gain + TINY < limits.min_decrease:
        return False
    whole[t, FEATURE], whole[t, RANK], real[t, GAIN] = feature, below, gain
    real[t, THRESHOLD] = _threshold(columns, feature, below, above)
    return True


@njit(cache=True, nogil=True)
def grow(columns, targets, limits, n_rows, seed):
    """Grow a tree; ``columns`` is reordered.

    n_rows : number of rows, all of positive weight
    seed   : in [1, 2**31 - 2], read where max_features leaves a choice

    Returns whole (n_nodes, 8) and real (n_nodes, 4), whose columns are named above,
    and stats (n_nodes, n_stats). The root is node 0, children follow in pairs.
    Cost: O(n_entries) for each level of the tree.
    """
    n_features = columns.default.shape[0]
    whole, real = np.full((64, 8), NONE), np.zeros((64, 4))
    stats = np.zeros((64, targets.n_stats))
    # Nodes that wait to be split lie in the frontier, their stretches in a slot.
    frontier, spans = np.empty(64, np.int64), np.empty((8, n_features, 2), np.int64)
    free, n_free = np.arange(8), 8
    members = np.arange(n_rows)
    goes_left, spare = np.empty(n_rows, np.uint8), np.empty(n_rows, np.int64)
    spare_rows = np.empty(n_rows, columns.rows.dtype)
    spare_ranks = np.empty(n_rows, columns.ranks.dtype)
    order, state = np.arange(n_features), np.full(1, seed)
    scratch = (np.empty(targets.n_stats), order, state)

    real[0, WEIGHT] = _add_up(members, targets, stats[0])
    whole[0, N_SAMPLES], whole[0, FIRST], whole[0, DEPTH] = n_rows, 0, 0
    if _may_grow(n_rows, real[0, WEIGHT], 0, limits):
        n_free -= 1
        whole[0, SLOT] = free[n_free]
        spans[free[n_free], :, 0] = columns.starts[:-1]
        spans[free[n_free], :, 1] = columns.starts[1:]
    n_nodes, n_frontier, newest = 1, 0, 1  # newest: nodes added last
    while True:
        for t in range(n_nodes - 1, n_nodes - 1 - newest, -1):
            if _find_split(
                t, columns, spans, targets, limits, whole, real, stats, scratch
            ):
                frontier[n_frontier] = t
                n_frontier += 1
            elif whole[t, SLOT] != NONE:
                free[n_free] = whole[t, SLOT]
                n_free += 1
        if n_frontier == 0 or n_nodes == 2 * limits.max_leaf_nodes - 1:
            break
        t = _take_next(frontier, n_frontier, real, limits.max_leaf_nodes > 0)
        n_frontier -= 1
        if n_nodes + 2 > whole.shape[0]:
            whole, real, stats = _doubled(whole), _doubled(real), _doubled(stats)
            frontier = _doubled(frontier)
        if n_free < 2:
            free = np.concatenate((free[:n_free], np.arange(len(spans)) + len(spans)))
            n_free += len(spans)
            spans = _doubled(spans)
            free = np.concatenate((free, np.empty(len(spans) - len(free), np.int64)))

        slot, feature = whole[t, SLOT], whole[t, FEATURE]
        stretch = members[whole[t, FIRST] : whole[t, FIRST] + whole[t, N_SAMPLES]]
        _mark(columns, spans[slot], stretch, feature, whole[t, RANK], goes_left)
        n_left = _partition_members(stretch, goes_left, spare)
        whole[t, LEFT], whole[t, RIGHT] = n_nodes, n_nodes + 1
        slots = (slot, NONE, NONE)
        for c, part in ((n_nodes, stretch[:n_left]), (n_nodes + 1, stretch[n_left:])):
            whole[c] = NONE
            whole[c, N_SAMPLES] = len(part)
            whole[c, FIRST] = whole[t, FIRST] + (n_left if c > n_nodes else 0)
            whole[c, DEPTH] = whole[t, DEPTH] + 1
            real[c] = 0
            real[c, WEIGHT] = _add_up(part, targets, stats[c])
            if _may_grow(len(part), real[c, WEIGHT], whole[c, DEPTH], limits):
                n_free -= 1
                whole[c, SLOT] = free[n_free]
        slots = (slot, whole[n_nodes, SLOT], whole[n_nodes + 1, SLOT])
        if slots[1] != NONE or slots[2] != NONE:
            _partition_columns(
                columns, spans, slots, goes_left, spare_rows, spare_ranks
            )
        free[n_free] = slot
        n_free += 1
        n_nodes += 2
        newest = 2
    return whole[:n_nodes], real[:n_nodes], stats[:n_nodes]


@njit(cache=True, nogil=True)
def leaves_of(X, left, right, feature, threshold, out):
    """``out[i]``: the leaf that row i of X (n, n_features) falls into."""
    for i in range(X.shape[0]):
        t = 0
        while left[t] != NONE:
            t = left[t] if X[i, feature[t]] <= threshold[t] else right[t]
        out[i] = t


@njit(cache=True, nogil=True)
def weakest_links(left, right, cost):
    """Order in which cost-complexity pruning cuts a tree down to its root.

    left, right : int64 (n_nodes,), children, which come after their parent
    cost : float64 (n_nodes,), impurity times share of the weight

    Returns the alpha of each cut, led by 0, the cost of the whole tree before the
    first and after each cut, and the nodes cut. Cost: O(n_nodes) for each cut.
    """
    n = left.shape[0]
    parent, leaves, below = np.full(n, NONE), np.ones(n, np.int64), cost.copy()
    for t in range(n - 1, -1, -1):
        if left[t] != NONE:
            parent[left[t]], parent[right[t]] = t, t
            leaves[t] = leaves[left[t]] + leaves[right[t]]
            below[t] = below[left[t]] + below[right[t]]
    inner = left != NONE
    alphas, costs, cuts = (
        np.zeros(n + 1),
        np.full(n + 1, below[0]),
        np.empty(n, np.int64),
    )
    n_cuts = 0
    while inner[0]:
        weakest, least = 0, np.inf
        for t in range(n):
            if inner[t]:
                alpha = (cost[t] - below[t]) / (leaves[t] - 1)
                if alpha < least:
                    weakest, least = t, alpha
        stack = [weakest]
        while stack:
            t = stack.pop()
            if inner[t]:
                inner[t] = False
                stack.append(left[t])
                stack.append(right[t])
        gain, n_removed = cost[weakest] - below[weakest], leaves[weakest] - 1
        t = weakest
        while t != NONE:
            below[t] += gain
            leaves[t] -= n_removed
            t = parent[t]
        cuts[n_cuts] = weakest
        n_cuts += 1
        alphas[n_cuts], costs[n_cuts] = least, below[0]
    return alphas[: n_cuts + 1], costs[: n_cuts + 1], cuts[:n_cuts]
