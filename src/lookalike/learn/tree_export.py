"""Decision trees as text and as figures."""

from collections.abc import Sequence
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from lookalike.kernels.tree import NONE
from lookalike.learn._tree import Tree


def export_text(
    decision_tree: Any,
    *,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    max_depth: int = 10,
    spacing: int = 3,
    decimals: int = 2,
    show_weights: bool = False,
) -> str:
    """The splits of a fitted tree, one a line, indented by depth.

    Parameters
    ----------
    decision_tree : DecisionTreeClassifier or DecisionTreeRegressor
        A fitted tree.
    feature_names : sequence of str, default=None
        Names of the features; None is "feature_0", "feature_1", ...
    class_names : sequence of str, default=None
        Names of the classes, in the order of ``classes_``; None takes the labels.
    max_depth : int, default=10
        Deepest split shown.
    spacing : int, default=3
        Characters between two depths, at least 1.
    decimals : int, default=2
        Digits after the point.
    show_weights : bool, default=False
        Show the weight of each class in each leaf.

    Returns
    -------
    str
        The text, as scikit-learn's function of the same name writes it.

    Raises
    ------
    ValueError
        If there are too few or too many names.

    Examples
    --------
    >>> from lookalike.learn import DecisionTreeRegressor, export_text
    >>> tree = DecisionTreeRegressor().fit([[1], [2]], [0.5, 3])
    >>> print(export_text(tree, decimals=1))
    |--- feature_0 <= 1.5
    |   |--- value: [0.5]
    |--- feature_0 >  1.5
    |   |--- value: [3.0]
    <BLANKLINE>
    """
    check_is_fitted(decision_tree)
    tree: Tree = decision_tree.tree_
    features = _feature_names(tree, feature_names)
    classes = _class_names(decision_tree, class_names)
    heights = _heights(tree)
    lines = []

    def answer(t: int) -> str:
        values = tree.value[t, 0]
        if classes is None:
            return f" value: [{values[0]:.{decimals}f}]"
        weights = values * tree.weighted_n_node_samples[t]
        shown = ", ".join(f"{weight:.{decimals}f}" for weight in weights)
        head = f" weights: [{shown}]" if show_weights else ""
        return f"{head} class: {classes[int(values.argmax())]}"

    def describe(t: int, depth: int) -> None:
        indent = ("|" + " " * spacing) * depth
        indent = indent[:-spacing] + "-" * spacing
        if depth > max_depth + 1 and heights[t] > 1:
            lines.append(f"{indent} truncated branch of depth {heights[t]}")
        elif tree.children_left[t] == NONE:
            lines.append(indent + answer(t))
        else:
            name = features[tree.feature[t]]
            threshold = f"{tree.threshold[t]:.{decimals}f}"
            lines.append(f"{indent} {name} <= {threshold}")
            describe(int(tree.children_left[t]), depth + 1)
            lines.append(f"{indent} {name} >  {threshold}")
            describe(int(tree.children_right[t]), depth + 1)

    describe(0, 1)
    return "\n".join(lines) + "\n"


def plot_tree(
    decision_tree: Any,
    *,
    max_depth: int | None = None,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    precision: int = 3,
    fontsize: int = 8,
) -> Figure:
    """A figure of a fitted tree: a box for each node, leaves side by side.

    Boxes are shaded by the share of their most frequent class, or by how far their
    mean is from the smallest; "yes" goes to the left.

    Parameters
    ----------
    decision_tree : DecisionTreeClassifier or DecisionTreeRegressor
        A fitted tree.
    max_depth : int or None, default=None
        Deepest nodes drawn; what is below is an ellipsis. None draws all.
    feature_names, class_names : sequence of str, default=None
        As in :func:`export_text`.
    precision : int, default=3
        Significant digits of numbers.
    fontsize : int, default=8
        Size of the text in points.

    Returns
    -------
    Figure
        Made without pyplot, so it needs no closing; ``figure.savefig(path)`` writes it.

    Examples
    --------
    >>> from lookalike.learn import DecisionTreeClassifier, plot_tree
    >>> tree = DecisionTreeClassifier().fit([[1], [2]], ["a", "b"])
    >>> figure = plot_tree(tree)
    >>> [box.get_text().splitlines()[0] for box in figure.axes[0].texts[:3]]
    ['feature_0 <= 1.5', 'gini = 0', 'gini = 0']
    """
    check_is_fitted(decision_tree)
    tree: Tree = decision_tree.tree_
    most = tree.max_depth if max_depth is None else max_depth
    names = _feature_names(tree, feature_names)
    classes = _class_names(decision_tree, class_names)
    positions = _positions(tree, most)
    width = max(x for x, _ in positions.values()) + 1
    height = max(-y for _, y in positions.values()) + 1
    size = 0.17 * fontsize
    figure = Figure(figsize=(1.2 + size * width, 0.6 + 0.75 * size * height))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(-0.8, width - 0.2), ylim=(0.5 - height, 0.5))
    for t, position in positions.items():
        cut = tree.depth[t] > most
        text = (
            "(...)" if cut else _node_text(decision_tree, t, names, classes, precision)
        )
        axes.text(
            *position,
            text,
            ha="center",
            va="center",
            fontsize=fontsize,
            bbox={
                "boxstyle": "round",
                "facecolor": (0.2, 0.45, 0.75, 0.0 if cut else _shade(tree, t)),
                "edgecolor": "0.4",
            },
            zorder=2,
        )
        for child in (tree.children_left[t], tree.children_right[t]):
            if child in positions:
                axes.plot(
                    *zip(position, positions[child], strict=True), color="0.4", zorder=1
                )
    return figure


def _positions(tree: Tree, most: int) -> dict[int, tuple[float, float]]:
    """Nodes to be drawn and where: leaves in a row, parents above their middle."""
    positions: dict[int, tuple[float, float]] = {}
    n_leaves = 0

    def put(t: int) -> float:
        nonlocal n_leaves
        depth = int(tree.depth[t])
        positions[t] = (0.0, -float(depth))  # in preorder; x follows from the leaves
        if tree.children_left[t] == NONE or depth > most:
            x = float(n_leaves)
            n_leaves += 1
        else:
            x = put(int(tree.children_left[t])) / 2
            x += put(int(tree.children_right[t])) / 2
        positions[t] = (x, -float(depth))
        return x

    put(0)
    return positions


def _node_text(
    model: Any, t: int, names: Sequence[str], classes: Any, precision: int
) -> str:
    tree: Tree = model.tree_
    lines = []
    if tree.children_left[t] != NONE:
        threshold = f"{tree.threshold[t]:.{precision}g}"
        lines.append(f"{names[tree.feature[t]]} <= {threshold}")
    lines.append(f"{model.criterion} = {tree.impurity[t]:.{precision}g}")
    lines.append(f"samples = {tree.n_node_samples[t]}")
    values = tree.value[t, 0]
    if classes is None:
        lines.append(f"value = {values[0]:.{precision}g}")
    else:
        best = int(values.argmax())
        lines.append(f"class = {classes[best]} ({values[best]:.0%})")
    return "\n".join(lines)


def _shade(tree: Tree, t: int) -> float:
    """Strength of a box's colour, 0 to 0.8."""
    values = tree.value[:, 0]
    if values.shape[1] == 1:
        low, high = values.min(), values.max()
        return 0.8 * float((values[t, 0] - low) / (high - low)) if high > low else 0.0
    even = 1 / values.shape[1]
    return 0.8 * float((values[t].max() - even) / (1 - even))


def _heights(tree: Tree) -> list[int]:
    """Nodes on the longest path down from each node."""
    heights = [1] * tree.node_count
    for t in reversed(range(tree.node_count)):  # children come after their parent
        if tree.children_left[t] != NONE:
            left, right = tree.children_left[t], tree.children_right[t]
            heights[t] = 1 + max(heights[left], heights[right])
    return heights


def _feature_names(tree: Tree, names: Sequence[str] | None) -> Sequence[str]:
    if names is None:
        return [f"feature_{j}" for j in range(tree.n_features)]
    if len(names) != tree.n_features:
        raise ValueError(
            f"feature_names must have {tree.n_features} names, got {len(names)}."
        )
    return names


def _class_names(model: Any, names: Sequence[str] | None) -> Any:
    if not is_classifier(model):
        return None
    if names is None:
        return model.classes_
    if len(names) != len(model.classes_):
        raise ValueError(
            f"class_names must have {len(model.classes_)} names, got {len(names)}."
        )
    return names
