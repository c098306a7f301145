import io
import subprocess
import sys
import warnings

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image

from lookalike.evaluate import Estimate, confusion_matrix, plots

CROSS = "\N{BALLOT X}"
GREY = np.linspace(0, 1, 2 * 3 * 6 * 5).reshape(2, 3, 6, 5)
RGB = np.random.default_rng(0).integers(256, size=(2, 3, 6, 5, 3), dtype=np.uint8)

EVERY = {
    "confusion": lambda: plots.confusion([[9, 1], [0, 10]], ["cat", "dog"]),
    "confusion of 40": lambda: plots.confusion(np.eye(40)),
    "confusion of 200": lambda: plots.confusion(np.eye(200)),
    "confusion of nothing": lambda: plots.confusion(np.zeros((3, 3))),
    "confusion of one": lambda: plots.confusion([[4]]),
    "loss": lambda: plots.loss_curve([3.0, 2.0, 1.0]),
    "loss of one epoch": lambda: plots.loss_curve([3.0]),
    "many losses": lambda: plots.loss_curve({f"{i}": [i, 1] for i in range(12)}),
    "gallery": lambda: plots.gallery(
        GREY[:, 0],
        GREY,
        query_labels=[1, 2],
        labels=[[1, 2, 1], [2, 2, 1]],
        distances=[[0.0, 1, 2], [3, 40, 500]],
        title="Neighbours",
    ),
    "gallery in colour": lambda: plots.gallery(RGB[:, 0], RGB),
    "strip": lambda: plots.strip(GREY[0], [1, 2, 3], wrong=[True, False, True]),
    "strip in colour": lambda: plots.strip(RGB[0], invert=True),
    "map": lambda: plots.embedding_map(np.eye(2), ["a", "b"]),
    "map of 100": lambda: plots.embedding_map(
        np.random.default_rng(0).random((500, 2)), np.arange(500) % 100
    ),
    "map of one point": lambda: plots.embedding_map([[1, 2]], ["a"]),
    "estimates": lambda: plots.estimates({"a": Estimate(0.5, 0.4, 0.7)}),
}


def drawn(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return np.asarray(Image.open(buffer).convert("RGB"))


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.parametrize("name", EVERY)
def test_every_picture_is_drawn_on_white_with_something_on_it(name):
    figure = EVERY[name]()
    assert isinstance(figure, Figure)
    pixels = drawn(figure)
    np.testing.assert_array_equal(pixels[:, 0], 255)  # nothing is cut off at the left
    np.testing.assert_array_equal(pixels[-1], 255)
    assert pixels.min() < 128
    assert max(pixels.shape) < 2600


def test_plots_do_not_touch_pyplot():
    code = (
        "import sys; from lookalike.evaluate import plots, report\n"
        "plots.loss_curve([1, 2]).canvas.draw()\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "False"


def test_confusion_writes_counts_recall_and_precision():
    figure = plots.confusion([[1200, 0], [300, 300]])
    assert sorted(texts(figure)) == sorted(
        ["1,200", "300", "300", "recall", "1.00", "0.50", "precision", "0.80", "1.00"]
    )


def test_confusion_writes_no_recall_or_precision_beside_shares():
    shares = confusion_matrix([0, 0, 0, 1], [0, 0, 1, 1], normalize="true")
    assert texts(plots.confusion(shares)) == ["0.67", "0.33", "1.00"]


def test_confusion_shades_a_rare_mistake_visibly_and_unlike_a_right_answer():
    matrix = np.array([[1000, 1, 0], [9, 1000, 0], [0, 0, 0]])
    (image,) = plots.confusion(matrix).axes[0].images
    colour = image.get_array()
    np.testing.assert_array_equal(colour[0, 2], 1.0)  # nothing: white
    np.testing.assert_array_equal(colour[2, 2], 1.0)
    assert colour[0, 0][2] > colour[0, 0][0]  # right: blue
    assert colour[0, 1][0] > colour[0, 1][2]  # wrong: orange
    assert colour[1, 0][2] < colour[0, 1][2] < 0.9


def test_a_neighbour_of_another_label_is_marked_by_cross_and_frame():
    figure = EVERY["gallery"]()
    wrong = [text for text in texts(figure) if text.startswith(f"{CROSS} ")]
    assert wrong == [
        f"{CROSS} and a broken frame: not the query's label",
        f"{CROSS} 2   1",
        f"{CROSS} 1   500",
    ]
    frames = figure.axes[0].patches
    broken = [frame for frame in frames if frame.get_linestyle() not in ("-", "solid")]
    assert len(frames) == 8
    assert len(broken) == 2
    # The marked ones are where the wrong neighbours are: second and third column.
    assert [round(frame.get_x() - 1.4) for frame in broken] == [1, 2]


def test_labels_are_compared_as_they_are_not_as_they_are_written():
    figure = plots.gallery(
        GREY[:1, 0], GREY[:1], query_labels=[1], labels=[[1.0, 2.0, 1.0]]
    )
    assert sum(text.startswith(CROSS) for text in texts(figure)) == 2


def test_distances_keep_three_digits_and_equal_decimals():
    figure = plots.gallery(GREY[:1, 0], GREY[:1], distances=[[0.5, 1.25, 20]])
    assert texts(figure)[2:] == ["0.5", "1.2", "20.0"]


def test_images_are_drawn_in_their_order_and_grey_is_inverted_on_request():
    images = np.array([np.zeros((4, 4)), np.ones((4, 4))])
    for invert, first in ((False, 0.0), (True, 1.0)):
        shown = plots.strip(images, invert=invert).axes[0].images
        assert [image.get_array().max() for image in shown] == [first, 1 - first]
        assert [round(image.get_extent()[0]) for image in shown] == [0, 1]


def test_bytes_run_from_0_to_255():
    images = np.array([[[0, 51], [102, 255]]], dtype=np.uint8)
    (shown,) = plots.strip(images).axes[0].images
    np.testing.assert_allclose(shown.get_array(), [[0, 0.2], [0.4, 1]])
    assert shown.get_clim() == (0, 1)


def test_a_strip_breaks_into_lines():
    shown = plots.strip(np.zeros((5, 4, 4)), n_columns=2).axes[0].images
    corners = [(round(i.get_extent()[0]), round(i.get_extent()[3])) for i in shown]
    assert corners == [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2)]


def test_classes_of_a_map_differ_in_more_than_colour():
    figure = plots.embedding_map(np.random.default_rng(0).random((100, 2)), range(100))
    dots = figure.axes[0].collections
    colours = [to_hex(each.get_facecolor()[0]) for each in dots]
    shapes = [each.get_paths()[0].vertices.tobytes() for each in dots]
    assert len(set(shapes[:10])) == 10
    assert len(set(zip(colours, shapes, strict=True))) == 100
    legend = figure.axes[0].get_legend().get_texts()
    assert [text.get_text() for text in legend] == [str(i) for i in range(100)]


def test_a_curve_starts_at_epoch_1():
    (line,) = plots.loss_curve([3.0, 2.0, 1.0]).axes[0].lines
    np.testing.assert_array_equal(line.get_xydata(), [[1, 3], [2, 2], [3, 1]])


def test_curves_differ_in_dashes():
    lines = plots.loss_curve({"a": [1, 2], "b": [1, 2]}).axes[0].lines
    assert lines[0].get_linestyle() != lines[1].get_linestyle()


def test_the_first_estimate_is_on_top():
    named = {"first": Estimate(0.5, 0.4, 0.7), "second": Estimate(0.9, 0.8, 0.95)}
    axes = plots.estimates(named).axes[0]
    bottom, top = axes.get_ylim()
    assert top < bottom
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), [[0.4, 0], [0.7, 0]])


def test_text_is_never_read_as_a_formula():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn(plots.strip(GREY[0], ["$\\x$", "$$", "a_b^c"], title="$\\nothing$"))
        drawn(plots.confusion([[1, 0], [0, 1]], ["$\\x$", "$5"]))
        drawn(plots.embedding_map(np.eye(2), ["$\\x$", "$5"]))
        curve = {"$\\x$": [Estimate(0.5, 0.4, 0.7)] * 2}
        drawn(plots.learning_curve([0.5, 1], curve, "$\\x$", "$\\y$"))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: plots.confusion([[1, 2]]), "matrix must be square"),
        (lambda: plots.confusion([[-1]]), "numbers that are at least 0"),
        (lambda: plots.confusion([[np.nan]]), "numbers that are at least 0"),
        (lambda: plots.confusion([[1]], ["a", "b"]), "labels must hold 1 entries"),
        (lambda: plots.loss_curve([]), "1-D, finite and not empty"),
        (lambda: plots.loss_curve({}), "at least one curve, got none"),
        (lambda: plots.loss_curve({"a": [np.nan]}), "curve 'a' must be 1-D, finite"),
        (lambda: plots.gallery(GREY[0], GREY[:1]), "must hold 3 rows, one a query"),
        (lambda: plots.gallery(GREY, GREY), "queries must hold grey or RGB images"),
        (
            lambda: plots.gallery(GREY[:, 0], GREY, labels=[1, 2]),
            r"labels must be of shape \(2, 3\), got \(2,\)",
        ),
        (
            lambda: plots.gallery(GREY[:1, 0], GREY[:1], distances=[[1, 2, np.nan]]),
            "distances must be finite",
        ),
        (lambda: plots.strip(np.zeros((0, 4, 4))), "images must hold grey or RGB"),
        (lambda: plots.strip(np.zeros((4, 4))), "images must hold grey or RGB"),
        (lambda: plots.strip(GREY[0] * 255), r"uint8 in \[0, 255\] or real in"),
        (lambda: plots.strip(GREY[0] * np.nan), r"uint8 in \[0, 255\] or real in"),
        (lambda: plots.strip(GREY[0], wrong=[1, 0, 1]), "wrong must hold 3 truth"),
        (lambda: plots.strip(GREY[0], n_columns=0), "n_columns must be a whole number"),
        (
            lambda: plots.embedding_map(np.eye(3), [1, 2, 3]),
            r"\(n_samples, 2\), got",
        ),
        (lambda: plots.embedding_map([[0, np.inf]], [1]), "points must be finite"),
        (lambda: plots.embedding_map(np.eye(2), [1]), "labels must hold 2 entries"),
        (
            lambda: plots.embedding_map(np.zeros((101, 2)), range(101)),
            "at most 100 classes, got 101",
        ),
        (lambda: plots.estimates({}), "at least one estimate, got none"),
    ],
)
def test_refuses_what_cannot_be_drawn(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
