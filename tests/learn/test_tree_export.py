import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier as TheirClassifier
from sklearn.tree import DecisionTreeRegressor as TheirRegressor
from sklearn.tree import export_text as their_export_text

from lookalike.learn import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    export_text,
    plot_tree,
)

X, _ = load_iris(return_X_y=True)
NUMBERS = X[:, 0] ** 2 + X[:, 2]
LABELS = np.array(list("stuv"))[np.digitize(NUMBERS, [33, 38, 44])]
CLASSIFIER = {"max_depth": 4, "min_samples_leaf": 8}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"max_depth": 1},
        {"max_depth": 0},
        {"spacing": 1, "decimals": 4},
        {"feature_names": ["length", "width", "long", "wide"]},
        {"show_weights": True},
        {"class_names": ["one", "two", "three", "four"]},
    ],
    ids=str,
)
def test_text_is_that_of_scikit_learn(options):
    ours = DecisionTreeClassifier(**CLASSIFIER).fit(X[:, :3:2], LABELS)
    theirs = TheirClassifier(**CLASSIFIER, random_state=0).fit(X[:, :3:2], LABELS)
    if "feature_names" in options:
        options = options | {"feature_names": options["feature_names"][:3:2]}
    assert export_text(ours, **options) == their_export_text(theirs, **options)
    if "class_names" in options:
        return
    ours = DecisionTreeRegressor(**CLASSIFIER).fit(X[:, :3:2], NUMBERS)
    theirs = TheirRegressor(**CLASSIFIER, random_state=0).fit(X[:, :3:2], NUMBERS)
    assert export_text(ours, **options) == their_export_text(theirs, **options)


def test_a_tree_without_splits_is_one_line():
    tree = DecisionTreeRegressor().fit([[1], [2]], [3, 3])
    assert export_text(tree) == "|--- value: [3.00]\n"


def test_refuses_the_wrong_number_of_names():
    tree = DecisionTreeClassifier(**CLASSIFIER).fit(X, LABELS)
    for export in (export_text, plot_tree):
        with pytest.raises(ValueError, match="feature_names must have 4 names, got 1"):
            export(tree, feature_names=["one"])
        with pytest.raises(ValueError, match="class_names must have 4 names, got 2"):
            export(tree, class_names=["one", "two"])


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_the_picture_has_a_box_for_each_node_and_a_line_for_each_child(tmp_path):
    tree = DecisionTreeClassifier(**CLASSIFIER).fit(X, LABELS)
    figure = plot_tree(tree, feature_names=list("abcd"), class_names=list("wxyz"))
    assert isinstance(figure, Figure)
    boxes = texts(figure)
    assert len(boxes) == tree.tree_.node_count
    assert len(figure.axes[0].lines) == tree.tree_.node_count - 1
    condition = f"{'abcd'[tree.tree_.feature[0]]} <= {tree.tree_.threshold[0]:.3g}"
    assert boxes[0].splitlines()[:1] == [condition]
    assert boxes[0].splitlines()[2] == "samples = 150"
    assert all("class = " in box for box in boxes)
    figure.savefig(tmp_path / "tree.png")
    assert (tmp_path / "tree.png").stat().st_size > 1000


def test_precision_and_font_size_are_those_given():
    tree = DecisionTreeClassifier(max_depth=1).fit([[1.23456], [2.0]], [0, 1])
    boxes = plot_tree(tree, precision=2, fontsize=5).axes[0].texts
    assert boxes[0].get_text().startswith("feature_0 <= 1.6\n")
    assert {box.get_fontsize() for box in boxes} == {5}
    exact = plot_tree(tree, precision=5).axes[0].texts
    assert exact[0].get_text().startswith("feature_0 <= 1.6173\n")
    assert {box.get_fontsize() for box in exact} == {8}


def test_children_stand_below_their_parent_and_apart():
    tree = DecisionTreeRegressor(**CLASSIFIER).fit(X, NUMBERS)
    figure = plot_tree(tree)
    positions = [text.get_position() for text in figure.axes[0].texts]
    grown = tree.tree_
    for t in np.flatnonzero(grown.children_left >= 0):
        left, right = (
            positions[grown.children_left[t]],
            positions[grown.children_right[t]],
        )
        assert left[0] < positions[t][0] < right[0]
        assert left[1] == right[1] == positions[t][1] - 1
    leaves = [positions[t][0] for t in np.flatnonzero(grown.children_left < 0)]
    assert (np.diff(leaves) == 1).all()


def test_the_picture_of_a_deep_tree_can_be_cut():
    tree = DecisionTreeClassifier(**CLASSIFIER).fit(X, LABELS)
    boxes = texts(plot_tree(tree, max_depth=1))
    assert len(boxes) == (tree.tree_.depth <= 2).sum()
    assert boxes.count("(...)") == (tree.tree_.depth == 2).sum()


def test_the_purest_box_is_the_darkest():
    tree = DecisionTreeClassifier().fit([[1], [2], [3], [4]], [0, 0, 1, 1])
    alpha = [
        text.get_bbox_patch().get_facecolor()[3]
        for text in plot_tree(tree).axes[0].texts
    ]
    np.testing.assert_allclose(alpha, [0, 0.8, 0.8])
    tree = DecisionTreeRegressor().fit([[1], [2]], [0, 4])
    alpha = [
        text.get_bbox_patch().get_facecolor()[3]
        for text in plot_tree(tree).axes[0].texts
    ]
    np.testing.assert_allclose(alpha, [0.4, 0, 0.8])
