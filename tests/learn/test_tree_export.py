from inspect import signature

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier as TheirClassifier
from sklearn.tree import DecisionTreeRegressor as TheirRegressor
from sklearn.tree import export_graphviz
from sklearn.tree import export_text as their_export_text
from sklearn.tree import plot_tree as their_plot_tree

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
        {"spacing": 1, "decimals": 3},
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


def test_text_of_several_outputs():
    rows, labels = [[1], [2], [3]], [["a", 1], ["a", 2], ["b", 3]]
    tree = DecisionTreeClassifier(max_depth=1).fit(rows, labels)
    assert export_text(tree, show_weights=True, decimals=1) == (
        "|--- feature_0 <= 2.5\n"
        "|   |--- weights: [[2.0, 0.0], [1.0, 1.0, 0.0]] class: [a, 1]\n"
        "|--- feature_0 >  2.5\n"
        "|   |--- weights: [[0.0, 1.0], [0.0, 0.0, 1.0]] class: [b, 3]\n"
    )
    names = [["one", "two"], ["x", "y", "z"]]
    assert "class: [two, z]" in export_text(tree, class_names=names)
    with pytest.raises(ValueError, match="must be 2 lists of names, one for each out"):
        export_text(tree, class_names=["one", "two", "three"])
    with pytest.raises(ValueError, match="class_names must have 3 names, got 2"):
        export_text(tree, class_names=[["one", "two"]] * 2)
    numbers = np.stack([NUMBERS, NUMBERS**2], axis=1)
    ours, theirs = (
        fitted(kind, numbers) for kind in (DecisionTreeRegressor, TheirRegressor)
    )
    assert export_text(ours) == their_export_text(theirs)


def test_text_of_missing_or_not_is_that_of_scikit_learn():
    rows, labels = [[1], [2], [np.nan]], ["a", "a", "b"]
    ours, theirs = (
        kind().fit(rows, labels) for kind in (DecisionTreeClassifier, TheirClassifier)
    )
    assert "feature_0 <= inf" in export_text(ours)
    assert export_text(ours) == their_export_text(theirs)


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


def fitted(kind, targets):
    return kind(max_depth=2, random_state=0).fit(X[:, [0, 3]], targets)


@pytest.mark.parametrize(
    ("ours", "theirs", "targets"),
    [
        (DecisionTreeClassifier, TheirClassifier, LABELS),
        (DecisionTreeRegressor, TheirRegressor, NUMBERS),
        (
            DecisionTreeClassifier,
            TheirClassifier,
            np.stack([LABELS, LABELS == "t"], axis=1),
        ),
        (
            DecisionTreeRegressor,
            TheirRegressor,
            np.stack([NUMBERS, NUMBERS**2], axis=1),
        ),
    ],
    ids=["labels", "numbers", "several labels", "several numbers"],
)
def test_figures_and_graphs_are_those_of_scikit_learn(ours, theirs, targets):
    ours, theirs = fitted(ours, targets), fitted(theirs, targets)
    for options in (
        {},
        {"filled": True, "rounded": True, "node_ids": True, "precision": 4},
        {"max_depth": 0, "impurity": False, "label": "root", "proportion": True},
        {"feature_names": ["length", "wide"], "class_names": True, "fontsize": 7},
        {"feature_names": np.array(["one", "two"]), "class_names": np.array([*"abcd"])},
    ):
        boxes, expected = (
            draw(tree, ax=FigureCanvasAgg(Figure()).figure.subplots(), **options)
            for draw, tree in ((plot_tree, ours), (their_plot_tree, theirs))
        )
        assert [b.get_text() for b in boxes] == [b.get_text() for b in expected]
        assert [b.xyann for b in boxes] == [b.xyann for b in expected]
        assert [b.get_fontsize() for b in boxes] == [b.get_fontsize() for b in expected]
    for options in ({}, {"filled": True, "class_names": True, "proportion": True}):
        assert export_graphviz(ours, **options) == export_graphviz(theirs, **options)


def test_the_signature_of_the_figure_is_that_of_scikit_learn():
    names = [list(signature(draw).parameters) for draw in (plot_tree, their_plot_tree)]
    assert names[0] == names[1]


def test_an_unknown_way_to_label_is_refused():
    with pytest.raises(ValueError, match="label must be one of 'all', 'root', 'none'"):
        plot_tree(fitted(DecisionTreeRegressor, NUMBERS), label="some")
