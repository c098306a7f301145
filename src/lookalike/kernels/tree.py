"""Decision trees on sorted columns: sorted once, then partitioned.

Every feature keeps its rows in the order of its values. A node owns a stretch of each
feature's list; a split partitions every stretch in order, so nothing is sorted again.
Rows with a feature's most frequent value can be left out of its list: their statistics
are those of the node less those of the others. Most pixels are black, and most counts
are zero.

A missing value, NaN, is the last of its feature's values, and goes right; a second scan
of the features that have some tries it on the left.
"""

from typing import NamedTuple

import numpy as np

from lookalike.kernels.compiled import njit

GINI, ENTROPY, SQUARED_ERROR = 0, 1, 2
NONE = -1  # no child, no default value, nothing missing
LIGHT = 1e-12  # share of a node's weight that a difference of weights still resolves
TINY = np.finfo(np.float64).eps  # impurity that counts as none, as in scikit-learn


class Columns(NamedTuple):
    """The sorted lists of all features, one after the other."""

    rows: np.ndarray  # int32 (n_entries,), row of each entry
    ranks: np.ndarray  # uint16 or int32 (n_entries,), position of its value among all
    starts: np.ndarray  # int64 (n_features + 1,), first entry of each feature
    default: np.ndarray  # int64 (n_features,), rank that has no entries, or NONE
    missing: np.ndarray  # int64 (n_features,), rank of NaN, the last, or NONE;
    # where it is not NONE, it is the only rank that may have no entries
    values: np.ndarray  # float64, distinct values of all features, sorted within each
    value_starts: np.ndarray  # int64 (n_features + 1,), first value of each feature


class Targets(NamedTuple):
    """What is predicted. Either ``label`` or ``target`` is in use.

    Outputs of a row lie side by side. Classes are numbered through all outputs.
    """

    label: np.ndarray  # int32 (n_rows * n_outputs,), class, or empty
    target: np.ndarray  # float64 (n_rows * n_outputs,), number, or empty
    weight: np.ndarray  # float64 (n_rows,), or empty if all are 1
    n_stats: int  # number of classes, or of weight, weighted sums and sums of squares
    criterion: int
    n_outputs: int | None  # None for one: loops over outputs are compiled away


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
LEFT, RIGHT, FEATURE, N_SAMPLES, DEPTH, FIRST, RANK, SLOT, MISSING_LEFT = range(9)
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
    """``sort_bytes`` for any numbers, given the order that sorts them, NaN last.

    Returns the rank of NaN, too, or NONE. With NaN only that may be the default.
    """
    n = order.shape[0]
    n_present = n
    while n_present > 0 and np.isnan(column[order[n_present - 1]]):
        n_present -= 1
    n_values, run, longest, default_rank = 0, 0, 0, 0
    for p in range(n_present):
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
    missing = NONE
    if n_present < n:
        missing = n_values
        values[missing] = np.nan
        n_values += 1
        for p in range(n_present, n):
            rows[p] = order[p]
            ranks[p] = missing
        longest, default_rank = n - n_present, missing
    if longest * 4 < n:
        return n, n_values, NONE, missing
    n_entries = 0
    for p in range(n):
        if ranks[p] != default_rank:
            rows[n_entries] = rows[p]
            ranks[n_entries] = ranks[p]
            n_entries += 1
    return n_entries, n_values, default_rank, missing


@njit(cache=True, nogil=True)
def _x_log_x(x):
    return x * np.log(x) if x > 0 else 0.0


@njit(cache=True, nogil=True)
def _count(n_outputs):
    return 1 if n_outputs is None else n_outputs


@njit(cache=True, nogil=True)
def _purity(stats, weight, targets):
    """What a split maximises, summed over both sides and all outputs.

    For one output weight times (c - impurity).
    """
    n_outputs, total = _count(targets.n_outputs), 0.0
    if targets.criterion == SQUARED_ERROR:
        for k in range(1, 1 + n_outputs):
            total += stats[k] * stats[k]
        return total / weight
    if targets.criterion == GINI:
        for c in range(stats.shape[0]):
            total += stats[c] * stats[c]
        return total / weight
    for c in range(stats.shape[0]):
        total += _x_log_x(stats[c])
    return total - n_outputs * _x_log_x(weight)


@njit(cache=True, nogil=True)
def _impurity(stats, weight, targets):
    """Mean over the outputs; exactly 0 where all are pure."""
    n_outputs, total = _count(targets.n_outputs), 0.0
    if targets.criterion == SQUARED_ERROR:
        for k in range(1, 1 + n_outputs):
            square = stats[k + n_outputs] / weight
            variance = square - stats[k] * stats[k] / weight / weight
            if variance > 4 * TINY * square:  # else it is rounding
                total += variance
        return total / n_outputs
    for c in range(stats.shape[0]):
        share = stats[c] / weight
        if targets.criterion == GINI:
            total += share * (1 - share)
        else:
            total -= _x_log_x(share) / np.log(2.0)
    return total / n_outputs


@njit(cache=True, nogil=True)
def _add_up(rows, targets, stats):
    """Statistics of some rows; returns their weight."""
    stats[:] = 0
    weight, n_outputs = 0.0, _count(targets.n_outputs)
    for i in rows:
        w = targets.weight[i] if targets.weight.shape[0] else 1.0
        weight += w
        if targets.criterion == SQUARED_ERROR:
            stats[0] += w
            for k in range(n_outputs):
                y = targets.target[i * n_outputs + k]
                stats[1 + k] += w * y
                stats[1 + n_outputs + k] += w * y * y
        else:
            for k in range(n_outputs):
                stats[targets.label[i * n_outputs + k]] += w
    return weight


@njit(cache=True, nogil=True)
def _scan_classes(entries, first, last, step, beyond, targets, limits, node, side):
    """Best boundary in entries ``first``, ``first + step``, ... before ``last``.

    entries : rows and ranks
    beyond : rank that follows the last entry, or NONE
    node   : number of rows, weight, statistics
    side   : scratch, statistics of the entries passed

    Returns the score, the rank before the boundary and the rank behind it. Of equally
    good ones that of the smallest values.
    """
    n, weight, total = node
    label, weights, n_outputs = targets.label, targets.weight, _count(targets.n_outputs)
    rows, ranks = entries
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
        w = weights[i] if weights.shape[0] else 1.0
        for k in range(n_outputs):
            c = label[i * n_outputs + k]
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
            score = here - n_outputs * _x_log_x(passed)
            score += there - n_outputs * _x_log_x(left)
        else:
            score = here / passed + there / left
        if score >= best and (score > best or step < 0):
            best, at, behind = score, rank, following
    return best, at, behind


@njit(cache=True, nogil=True)
def _scan_targets(entries, first, last, step, beyond, targets, limits, node, side):
    """``_scan_classes`` for numbers: squares of the sums of both sides."""
    n, weight, total = node
    target, weights = targets.target, targets.weight
    n_outputs = _count(targets.n_outputs)
    rows, ranks = entries
    best, at, behind = -np.inf, NONE, NONE
    side[:] = 0
    passed, n_passed, here = 0.0, 0, 0.0
    p = first
    while p != last:
        rank, i = np.int64(ranks[p]), rows[p]
        w = weights[i] if weights.shape[0] else 1.0
        if targets.n_outputs is None:
            here += w * target[i]
        else:
            for k in range(n_outputs):
                side[k] += w * target[i * n_outputs + k]
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
        score = 0.0
        for k in range(n_outputs):
            if targets.n_outputs is not None:
                here = side[k]
            there = total[1 + k] - here
            score += here * here / passed + there * there / left
        if score >= best and (score > best or step < 0):
            best, at, behind = score, rank, following
    return best, at, behind


@njit(cache=True, nogil=True)
def _scan(entries, first, last, step, beyond, targets, limits, node, side):
    if targets.criterion == SQUARED_ERROR:
        return _scan_targets(
            entries, first, last, step, beyond, targets, limits, node, side
        )
    return _scan_classes(
        entries, first, last, step, beyond, targets, limits, node, side
    )


@njit(cache=True, nogil=True)
def _best_of_feature(entries, low, high, special, targets, limits, node, side):
    """Best split of entries ``low`` to ``high - 1`` and the rows that have none.

    special : rank of the default, and that of NaN, or NONE

    From the smallest value up to the default, then from the largest down to it. Where
    values are missing, up through all with these on the right, then down with these on
    the left. Returns the score, the rank left of the boundary, the rank right of it,
    and whether missing values go left, or NONE if none are missing.
    """
    default, missing = special
    if node[0] == high - low:
        default = NONE
    middle = high
    if default != NONE:
        middle = low
        step = high - low
        while step > 0:  # first entry above the default
            half = step // 2
            if entries[1][middle + half] < default:
                middle += half + 1
                step -= half + 1
            else:
                step = half
    best, left, right = _scan(
        entries, low, middle, 1, default, targets, limits, node, side
    )
    top, bottom, beyond, missing_left, or_left = high, middle, default, NONE, NONE
    if missing != NONE:  # which is the default, or there is none: middle is high
        while top > low and entries[1][top - 1] == missing:
            top -= 1
        if default != NONE or top < high:
            bottom, beyond, missing_left, or_left = low, NONE, 0, 1
    if bottom < top:
        score, at, behind = _scan(
            entries, top - 1, bottom - 1, -1, beyond, targets, limits, node, side
        )
        if score > best:
            return score, behind, at, or_left
    return best, left, right, missing_left


@njit(cache=True, nogil=True)
def _next_random(state):
    """A number below 2**31 - 1: the generator of Lehmer, in whole numbers."""
    state[0] = state[0] * 48271 % 2147483647
    return state[0]


@njit(cache=True, nogil=True)
def _best_split(columns, spans, targets, limits, node, side, order, state):
    """Best split over the features.

    Returns its score, its feature, and the rest as ``_best_of_feature``.

    spans : (n_features, 2), the node's entries
    order : permutation of the features, shuffled as far as it is read unless all are

    With fewer than all features allowed, random ones are tried, and more than allowed
    as long as none can be split.
    """
    best, feature, left, right, missing_left = -np.inf, NONE, NONE, NONE, NONE
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
        score, below, above, goes_left = _best_of_feature(
            (columns.rows, columns.ranks),
            spans[j, 0],
            spans[j, 1],
            (columns.default[j], columns.missing[j]),
            targets,
            limits,
            node,
            side,
        )
        if score > best:
            best, feature, left, right = score, j, below, above
            missing_left = goes_left
    return best, feature, left, right, missing_left


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
    for p in range(n_right):
        rows[left + p] = spare_rows[p]
        ranks[left + p] = spare_ranks[p]
    return left


@njit(cache=True, nogil=True)
def _mark(columns, spans, members, split, goes_left):
    """Mark the rows of a node that go left.

    split : feature, its largest rank on the left, and whether missing values go there
    """
    feature, rank, missing_left = split
    default = columns.default[feature]
    also = columns.missing[feature] if missing_left == 1 else NONE
    goes_left[members] = default <= rank or default == also
    for p in range(spans[feature, 0], spans[feature, 1]):
        own = np.int64(columns.ranks[p])
        goes_left[columns.rows[p]] = own <= rank or own == also


@njit(cache=True, nogil=True)
def _threshold(columns, feature, left, right):
    """Half way between two values, but never the upper one."""
    if right == columns.missing[feature]:
        return np.inf  # no number is more
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
    for p in range(n_right):
        members[n_left + p] = spare[p]
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
    old, new = table.reshape(-1), more.reshape(-1)
    for p in range(old.shape[0]):
        new[p] = old[p]
    return more


@njit(cache=True, nogil=True)
def _find_split(t, columns, spans, targets, limits, whole, real, stats, scratch):
    """Store the best split of node t; returns whether it is made."""
    side, order, state = scratch
    weight = real[t, WEIGHT]
    real[t, IMPURITY] = _impurity(stats[t], weight, targets)
    if whole[t, SLOT] == NONE or real[t, IMPURITY] <= TINY:
        return False
    node = (whole[t, N_SAMPLES], weight, stats[t])
    span = spans[whole[t, SLOT]]
    score, feature, below, above, missing_left = _best_split(
        columns, span, targets, limits, node, side, order, state
    )
    if feature == NONE:
        return False
    gain = score - _purity(stats[t], weight, targets)
    gain = max(0.0, gain) / real[0, WEIGHT]  # below 0 by rounding only
    gain /= _count(targets.n_outputs)
    if targets.criterion == ENTROPY:
        gain /= np.log(2.0)
    if gain + TINY < limits.min_decrease:
        return False
    whole[t, FEATURE], whole[t, RANK], real[t, GAIN] = feature, below, gain
    whole[t, MISSING_LEFT] = missing_left
    real[t, THRESHOLD] = _threshold(columns, feature, below, above)
    return True


@njit(cache=True, nogil=True)
def grow(columns, targets, limits, n_rows, seed):
    """Grow a tree; ``columns`` is reordered.

    n_rows : number of rows, all of positive weight
    seed   : in [1, 2**31 - 2], read where max_features leaves a choice

    Returns whole (n_nodes, 9) and real (n_nodes, 4), whose columns are named above,
    and stats (n_nodes, n_stats). The root is node 0, children follow in pairs.
    Cost: O(n_entries) for each level of the tree.
    """
    n_features = columns.default.shape[0]
    whole, real = np.full((64, 9), NONE), np.zeros((64, 4))
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
        for j in range(n_features):
            spans[free[n_free], j, 0] = columns.starts[j]
            spans[free[n_free], j, 1] = columns.starts[j + 1]
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
        split = (feature, whole[t, RANK], whole[t, MISSING_LEFT])
        _mark(columns, spans[slot], stretch, split, goes_left)
        n_left = _partition_members(stretch, goes_left, spare)
        if whole[t, MISSING_LEFT] == NONE:  # what may be missing later joins the most
            whole[t, MISSING_LEFT] = 2 * n_left > len(stretch)
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
def leaves_of(X, left, right, feature, threshold, missing_left, out):
    """``out[i]``: the leaf that row i of X (n, n_features) falls into."""
    for i in range(X.shape[0]):
        t = 0
        while left[t] != NONE:
            value = X[i, feature[t]]
            if np.isnan(value):
                t = left[t] if missing_left[t] else right[t]
            else:
                t = left[t] if value <= threshold[t] else right[t]
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
