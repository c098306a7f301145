"""Draw the pictures of the documentation from real runs."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from lookalike.datasets import load_fashion_mnist, load_mnist
from lookalike.search import NearestNeighbors

IMAGES = Path(__file__).parent / "images"


def survivors() -> Figure:
    """How many of 60,000 rows each stage of the exact search leaves, per query."""
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.subplots()
    colours = {"MNIST": "#0072B2", "Fashion-MNIST": "#D55E00"}
    stages = ["bounds compared", "rows collected", "distances computed", "answers"]
    for name, load in (("MNIST", load_mnist), ("Fashion-MNIST", load_fashion_mnist)):
        images = load()
        X, Q = (x.reshape(len(x), -1) for x in (images.x_train, images.x_test))
        index = NearestNeighbors(10, n_jobs=-1).fit(X)
        work = np.zeros((len(Q), 2), np.int64)
        index._index.nearest(Q, 10, -1, work)
        counts = np.column_stack([np.full(len(Q), len(X)), work, np.full(len(Q), 10)])
        low, middle, high = np.percentile(counts, [5, 50, 95], axis=0)
        offset = -0.08 if name == "MNIST" else 0.08
        places = np.arange(4) + offset
        axes.errorbar(
            places,
            middle,
            yerr=[middle - low, high - middle],
            fmt="o-",
            capsize=3,
            color=colours[name],
            label=f"{name}: {index.n_axes_} of 784 axes",
        )
        for x, value in zip(places, middle, strict=True):
            axes.annotate(
                f"{value:,.0f}",
                (x, value),
                xytext=(6 if offset > 0 else -6, 6 if offset > 0 else -12),
                textcoords="offset points",
                ha="left" if offset > 0 else "right",
                fontsize=8,
                color=colours[name],
            )
    axes.set(yscale="log", ylabel="rows per query", xticks=range(4), xlim=(-0.5, 3.5))
    axes.set_xticklabels(stages)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, title="median, 5% to 95% of the queries")
    return figure


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    survivors().savefig(IMAGES / "exact-survivors.svg")
