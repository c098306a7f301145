"""The source experiments' recipe: logistic regression on the pixels of happy and fear.

Images of 50 by 50, pixels in [0, 1], weights from zeros, 5,000 epochs of gradient
descent on the gradient that is summed over all images, step 1e-7. Its variants are
learned side by side: they differ by a penalty, by a column of ones, by small batches.
"""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from PIL import Image
from scipy.special import expit, log_expit

from lookalike._typing import Array, Floats
from lookalike.core.progress import ShareCallback

SIDE = 50
STEP, N_EPOCHS, BATCH = 1e-7, 5000, 100
PENALTY = 1.0
"""Weight of half the squared weights in the loss."""
VARIANTS = ("plain", "penalty in the loss only", "penalty", "bias", "batches of 100")


class SourceModel:
    """Logistic regression as the source experiments learned it, with its variants.

    Attributes
    ----------
    weights : ndarray of float32, shape (SIDE * SIDE + 1, n_variants)
        A column a variant, in the order of ``VARIANTS``; the last row is the bias.
    """

    weights: Array

    def __init__(self, n_epochs: int = N_EPOCHS) -> None:
        self.n_epochs = n_epochs
        self.facts: dict[str, Any] = {}

    def fit(
        self,
        images: Array,
        labels: Array,
        *,
        random_state: int,
        n_jobs: int | None,
        on_progress: ShareCallback,
    ) -> Self:
        """Learn all variants from uint8 images (n, height, width), labels 0 and 1."""
        if len(np.unique(labels)) != 2:
            raise ValueError("The source's recipe tells two emotions apart, not more.")
        X, y = resized(images), labels.astype(np.float32)
        penalties = np.array([0, PENALTY, 0], np.float32)
        biased = np.array([False, False, True])
        W, losses = descend(
            X,
            y,
            penalties,
            biased,
            self.n_epochs,
            lambda share: on_progress(0.7 * share),
        )
        rng = np.random.default_rng(random_state)
        batched = descend_in_batches(
            X, y, self.n_epochs, rng, lambda share: on_progress(0.7 + 0.3 * share)
        )
        # A penalty that is added to the loss and not to its gradient changes no step.
        self.weights = np.column_stack([W[:, 0], W[:, 0], W[:, 1], W[:, 2], batched])
        with_penalty = losses[:, 0] + PENALTY / 2 * losses[:, 3]
        self.facts = {
            "features": f"Grey pixels of {SIDE} by {SIDE}, in [0, 1].",
            "model": f"Logistic regression from zeros by {self.n_epochs:,} epochs of "
            f"gradient descent on the summed gradient, step {STEP:g}. Its loss fell "
            f"from {losses[0, 0] / len(y):.4f} to {losses[-1, 0] / len(y):.4f} an "
            "image. With the penalty added to the loss alone, as the source does, the "
            "loss that is printed is "
            f"{with_penalty[-1] / len(y):.4f}, and every weight is the same: the "
            "gradient, which moves them, does not know of it.",
            "loss_curve": (losses[:: max(1, len(losses) // 200), 0] / len(y))
            .round(5)
            .tolist(),
        }
        on_progress(1.0)
        return self

    def scores(self, images: Array) -> Floats:
        """Return the score of the plain variant, (n, 1)."""
        return self.variants(images)[:, :1]

    def variants(self, images: Array) -> Floats:
        """Return the scores of all variants, (n, n_variants)."""
        scores: Floats = (resized(images) @ self.weights).astype(np.float64)
        return scores

    def arrays(self) -> dict[str, Array]:
        """Return the weights."""
        return {"weights": self.weights}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the model with these weights."""
        model = cls()
        model.weights = np.array(arrays["weights"])
        if model.weights.shape != (SIDE * SIDE + 1, len(VARIANTS)):
            raise ValueError("the weights are not those of the source's recipe.")
        return model


def resized(images: Array) -> Array:
    """Pixels of 50 by 50 in [0, 1] and a column of ones, float32 (n, 2501)."""
    X = np.ones((len(images), SIDE * SIDE + 1), np.float32)
    for i, image in enumerate(images):
        picture = Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        X[i, :-1] = np.asarray(picture, np.float32).ravel() / 255
    return X


def descend(
    X: Array,
    y: Array,
    penalties: Array,
    biased: Array,
    n_epochs: int,
    on_progress: ShareCallback,
) -> tuple[Array, Floats]:
    r"""Descend on :math:`\sum_i -\log p(y_i | x_i) + \lambda / 2 \lVert w \rVert^2`.

    Several descents go side by side, a column of weights each: reading X once for all
    of them is most of the work.

    X : float32 (n, d), its last column ones; y : float32 (n,), 0 or 1
    penalties : (m,), the lambdas; biased : bool (m,), whether the last weight moves

    Returns weights (d, m), and a row an epoch: m summed losses before its step,
    without penalty, and the squared length of the first descent's weights.
    """
    W = np.zeros((X.shape[1], len(penalties)), np.float32)
    losses = np.empty((n_epochs, len(penalties) + 1))
    signs = (2 * y - 1)[:, None]
    for epoch in range(n_epochs):
        Z = X @ W
        losses[epoch, :-1] = -log_expit(signs * Z).sum(axis=0, dtype=np.float64)
        losses[epoch, -1] = float(W[:, 0] @ W[:, 0])
        G = X.T @ (expit(Z) - y[:, None]) + penalties * W
        G[-1] *= biased
        W -= np.float32(STEP) * G
        if epoch % 50 == 0:
            on_progress(epoch / n_epochs)
    return W, losses


def descend_in_batches(
    X: Array,
    y: Array,
    n_epochs: int,
    rng: np.random.Generator,
    on_progress: ShareCallback,
) -> Array:
    """Descend without penalty or bias over batches of 100, shuffled once an epoch."""
    w = np.zeros(X.shape[1], np.float32)
    n_batches = -(-len(X) // BATCH)
    # Rows are shuffled in storage once; then the order of whole batches changes.
    order = rng.permutation(len(X))
    X, y = X[order], y[order]
    for epoch in range(n_epochs):
        for k in rng.permutation(n_batches).tolist():
            rows = slice(k * BATCH, (k + 1) * BATCH)
            gradient = (expit(X[rows] @ w) - y[rows]) @ X[rows]
            gradient[-1] = 0
            w -= np.float32(STEP) * gradient
        if epoch % 50 == 0:
            on_progress(epoch / n_epochs)
    return w
