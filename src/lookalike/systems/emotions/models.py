"""How the emotions system turns faces into scores, one for each emotion."""

from collections.abc import Mapping
from typing import Any, Protocol, Self

import numpy as np

from lookalike._arrays import named, prefixed
from lookalike._parallel import blas_threads
from lookalike._typing import Array, Floats
from lookalike.core.learned import Learned, LearnedNetwork
from lookalike.core.progress import ShareCallback
from lookalike.features import GradientHistogram
from lookalike.learn import PCA, SVC
from lookalike.systems.emotions.source import SourceModel


class Model(Learned, Protocol):
    """Learned scores of images; the labels that it learns from are 0, 1, 2, ..."""

    def __init__(self, max_iter: int = ...) -> None: ...

    def scores(self, images: Array) -> Floats:
        """Return scores that tell the emotions apart, (n, n_scores)."""
        ...


class HistogramModel:
    """Gradient histograms, their principal components, and a support vector machine.

    The settings were chosen on the validation part, never on test images.
    """

    C, n_principal = 3.0, 150

    mean: Floats  # (n_features,)
    components: Floats  # (n_components, n_features)
    scale: float
    machine: SVC

    def __init__(self, max_iter: int | None = None) -> None:
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
        """Learn components and support vectors."""
        X = self.describe(images, n_jobs)
        on_progress(0.2)
        with blas_threads(n_jobs, len(X)):
            pca = PCA(min(self.n_principal, *X.shape), svd_solver="covariance_eigh")
            Z = pca.fit_transform(X).astype(np.float32)
            on_progress(0.3)
            self.scale = float(1 / np.sqrt(Z.shape[1] * Z.var()))
            self.machine = SVC(
                C=self.C,
                gamma=1.0,  # of features that were scaled beforehand
                cache_size=2000,
                decision_function_shape="ovo",
            ).fit(Z * self.scale, labels)
        self.mean, self.components = pca.mean_, pca.components_
        self.facts = {
            "features": "Histograms of oriented gradients (8 directions, cells of 6 by "
            "6 pixels, blocks of 3 by 3 cells, "
            f"{X.shape[1]} numbers), then their {len(self.components)} leading "
            "principal components, which hold "
            f"{pca.explained_variance_ratio_.sum():.1%} of the variance.",
            "model": f"A support vector machine with C = {self.C:g} and a Gaussian "
            f"kernel as wide as the data: {len(self.machine.support_):,} support "
            f"vectors in {len(self.machine.intercept_)} machines, one for each two "
            "emotions.",
        }
        on_progress(1.0)
        return self

    def scores(self, images: Array) -> Floats:
        """Return the machines' scores, one for each two emotions."""
        Z = (self.describe(images) - self.mean) @ self.components.T
        given = self.machine.decision_function(Z.astype(np.float32) * self.scale)
        return np.asarray(given, dtype=np.float64).reshape(len(images), -1)

    def arrays(self) -> dict[str, Array]:
        """Return the components and the support vectors."""
        return {
            "pca_mean": self.mean,
            "pca_components": self.components,
            "scale": np.array(self.scale),
            **prefixed("svc_", self.machine.arrays()),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the model with these components and support vectors."""
        model = cls()
        model.mean = np.array(arrays["pca_mean"])
        model.components = np.array(arrays["pca_components"])
        model.scale = float(arrays["scale"])
        model.machine = SVC.from_arrays(named("svc_", arrays))
        return model

    def describe(self, images: Array, n_jobs: int | None = None) -> Floats:
        """Return the gradient histograms of images, (n, n_features)."""
        histograms = GradientHistogram(8, (6, 6), (3, 3), n_jobs=n_jobs)
        described: Floats = histograms.fit_transform(images)
        return described


class ConvModel(LearnedNetwork):
    """A convolutional network of four blocks, of the ``deep`` extra."""

    def __init__(self, max_iter: int = 18) -> None:
        super().__init__(max_iter=max_iter)

    @staticmethod
    def kind() -> Any:
        """Import and return the network's class."""
        from lookalike.learn.conv_classifier import ConvolutionalClassifier

        return ConvolutionalClassifier

    def description(self) -> dict[str, str]:
        """Return what the network is made of."""
        return {
            "features": "Nothing else: the network finds its own, on faces that are "
            "mirrored, shifted, turned and stretched a little each time.",
            "model": "Four blocks of two convolutions each, "
            f"{', '.join(map(str, self.network.channels))} wide, and the mean over "
            "what is left of the image.",
        }

    def scores(self, images: Array) -> Floats:
        """Return the network's scores before the softmax."""
        flat = images.reshape(len(images), -1)
        scores: Floats = self.network.scores(flat).astype(np.float64)
        return scores


MODELS: dict[str, type[Model]] = {
    "histograms": HistogramModel,
    "conv": ConvModel,
    "source": SourceModel,
}
"""By the name that a system's configuration gives."""
