"""Decision trees as text and as figures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sklearn import config_context
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from lookalike._checks import check_choice
from lookalike._typing import Floats
from lookalike.kernels.tree import NONE
from lookalike.learn._tree import Tree

if TYPE_CHECKING:  # a third of what every command would wait for
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation


def export_text(
    decision_tree: Any,
    *,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[Any] | None = None,
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
    class_names : sequence of str, or of these, default=None
        Names of the classes, in the order of ``classes_``; None takes the labels. Of
        several outputs a list, names for each.
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
        The text, as scikit-learn's function of the same name writes it. Of several
        outputs each has its class, and its weights, which scikit-learn leaves out.

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

    def listed(numbers: Floats) -> str:
        return "[" + ", ".join(f"{number:.{decimals}f}" for number in numbers) + "]"

    def joined(parts: list[str]) -> str:
        return parts[0] if tree.n_outputs == 1 else "[" + ", ".join(parts) + "]"

    def answer(t: int) -> str:
        values = tree.value[t]
        if classes is None:
            return f" value: {listed(values[:, 0])}"
        weights = values * tree.weighted_n_node_samples[t]
        shown = [listed(w[:n]) for w, n in zip(weights, tree.n_classes, strict=True)]
        head = f" weights: {joined(shown)}" if show_weights else ""
        best = zip(classes, values.argmax(axis=1), strict=True)
        return f"{head} class: {joined([str(names[c]) for names, c in best])}"

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
    class_names: Sequence[str] | bool | None = None,
    label: str = "all",
    filled: bool = False,
    impurity: bool = True,
    node_ids: bool = False,
    proportion: bool = False,
    rounded: bool = False,
    precision: int = 3,
    ax: "Axes | None" = None,
    fontsize: int | None = None,
) -> "list[Annotation]":
    """Draw a fitted tree as scikit-learn's function of the same name does.

    Parameters
    ----------
    decision_tree : DecisionTreeClassifier or DecisionTreeRegressor
        A fitted tree.
    max_depth : int or None, default=None
        Deepest nodes drawn; what is below is an ellipsis. None draws all.
    feature_names : sequence of str, default=None
        Names of the features; None is "x[0]", "x[1]", ...
    class_names : sequence of str or bool, default=None
        Names of the classes in the order of ``classes_``; True is "y[0]", "y[1]", ...;
        None leaves them out, and so do several outputs.
    label : {"all", "root", "none"}, default="all"
        Boxes whose numbers are named.
    filled : bool, default=False
        Colour boxes by their class, or by their number.
    impurity, node_ids : bool, default=True, False
        Whether boxes show their impurity, and their number in ``tree_``.
    proportion : bool, default=False
        Show shares instead of numbers of samples.
    rounded : bool, default=False
        Round the corners of boxes.
    precision : int, default=3
        Digits after the point.
    ax : matplotlib Axes, default=None
        Where to draw; it is cleared. None takes pyplot's current axes.
    fontsize : int or None, default=None
        Size of the text in points; None makes it fit.

    Returns
    -------
    list of Annotation
        The boxes, and the words at the first split.

    Raises
    ------
    ValueError
        If there are too few or too many names.

    Examples
    --------
    >>> from matplotlib.backends.backend_agg import FigureCanvasAgg
    >>> from matplotlib.figure import Figure
    >>> from lookalike.learn import DecisionTreeClassifier, plot_tree
    >>> tree = DecisionTreeClassifier().fit([[1], [2]], ["a", "b"])
    >>> axes = FigureCanvasAgg(Figure()).figure.subplots()
    >>> boxes = plot_tree(tree, ax=axes)
    >>> boxes[0].get_text().splitlines()[:2]
    ['x[0] <= 1.5', 'gini = 0.5']
    """
    from sklearn.tree import plot_tree as sklearn_plot_tree

    check_is_fitted(decision_tree)
    if feature_names is not None:
        _feature_names(decision_tree.tree_, feature_names)
    one = decision_tree.tree_.n_outputs == 1
    if one and class_names is not None and not isinstance(class_names, bool):
        _class_names(decision_tree, class_names)
    check_choice("label", label, ("all", "root", "none"))
    # Their check of the arguments takes only trees of their own class.
    with config_context(skip_parameter_validation=True):
        boxes: list[Annotation] = sklearn_plot_tree(
            decision_tree,
            max_depth=max_depth,
            feature_names=feature_names,
            class_names=None if class_names is False else class_names,
            label=label,
            filled=filled,
            impurity=impurity,
            node_ids=node_ids,
            proportion=proportion,
            rounded=rounded,
            precision=precision,
            ax=ax,
            fontsize=fontsize,
        )
    return boxes


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


def _class_names(model: Any, names: Any) -> Any:
    """Names of the classes of each output; None of numbers."""
    if not is_classifier(model):
        return None
    one = model.tree_.n_outputs == 1
    classes = [model.classes_] if one else model.classes_
    if names is None:
        return classes
    names = [names] if one else names
    if len(names) != len(classes):
        raise ValueError(
            f"class_names must be {len(classes)} lists of names, one for each output, "
            f"got {len(names)}."
        )
    for given, labels in zip(names, classes, strict=True):
        if len(given) != len(labels):
            raise ValueError(
                f"class_names must have {len(labels)} names, got {len(given)}."
            )
    return names
