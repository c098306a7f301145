"""The quality of the emotions system, beside logistic regression on the pixels."""

from functools import partial

import numpy as np
from sklearn.pipeline import make_pipeline

from lookalike._parallel import blas_threads
from lookalike._typing import Array
from lookalike.core.evaluation import (
    EvaluationResult,
    milliseconds_per_answer,
    n_copies,
)
from lookalike.core.inputs import check_images, check_labels
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.datasets import Expressions
from lookalike.evaluate import (
    Estimate,
    accuracy,
    bootstrap,
    debiased_calibration_error,
    f1,
    paired_test,
    precision,
    recall,
)
from lookalike.learn import PCA, LogisticRegression
from lookalike.systems.emotions.source import VARIANTS, SourceModel
from lookalike.systems.emotions.system import Emotions


def evaluate(
    system: Emotions, data: Expressions, on_progress: ProgressCallback = no_progress
) -> EvaluationResult:
    """Measure on the test part, beside logistic regression on the pixels.

    Every number carries a 95% bootstrap interval; the comparison is paired, face by
    face. The effect of favouring rare emotions is measured beside.
    """
    on_progress("answering the test faces", 0.05)
    scores = system.scores(data.x_test)
    images = check_images(data.x_test)
    truth = check_labels(data.y_test, len(images))
    shares = system.probabilities(scores)
    predicted = shares.argmax(axis=1)
    other = system.probabilities(scores, 1.0 - round(system.balance)).argmax(axis=1)
    on_progress("learning from raw pixels", 0.4)
    learned_from = check_images(data.x_train, images.shape[1:])
    known = _pixels(learned_from)
    plain = make_pipeline(
        PCA(min(150, *known.shape), svd_solver="covariance_eigh"),
        LogisticRegression(C=0.1, max_iter=200),
    )
    with blas_threads(system.n_jobs, len(known)):
        plain.fit(known, check_labels(data.y_train, len(known)))
    raw = plain.predict(_pixels(images))
    on_progress("drawing intervals", 0.8)
    macro = partial(f1, average="macro")
    name = "unfavoured" if round(system.balance) else "with_rare_ones_favoured"
    confidence, correct = shares.max(axis=1), predicted == truth
    metrics = {
        "accuracy": bootstrap(accuracy, truth, predicted),
        "macro_f1": bootstrap(macro, truth, predicted),
        "calibration_error": debiased_calibration_error(confidence, correct),
        f"accuracy_{name}": bootstrap(accuracy, truth, other),
        f"macro_f1_{name}": bootstrap(macro, truth, other),
        "accuracy_of_pixels": bootstrap(accuracy, truth, raw),
    }
    if isinstance(system.model_, SourceModel):
        metrics |= source_metrics(truth, system.model_.variants(images) > 0)
    facts = {
        "n_test": len(truth),
        "n_copies": n_copies(learned_from, images),
        "milliseconds_per_answer": milliseconds_per_answer(
            system.classify, [image[None] for image in images[:20]]
        ),
    }
    return EvaluationResult(
        f"{len(truth):,} test faces",
        metrics,
        {"logistic regression on pixels": paired_test(correct, raw == truth)},
        facts,
        quality={"n_test": len(truth), "wrong": np.flatnonzero(~correct).tolist()},
        details={"truth": truth, "predicted": predicted, "confidence": confidence},
    )


def _pixels(images: Array) -> Array:
    """Grey levels from 0 to 1, a row an image."""
    return images.reshape(len(images), -1).astype(np.float32) / 255


def source_metrics(truth: Array, answers: Array) -> dict[str, Estimate]:
    """Return the numbers that the source gives, for each variant of its recipe.

    truth : 0 (fear) or 1 (happy); answers : bool (n, n_variants)

    Precision, recall and F1 are those of fear, the rarer of the two.
    """
    found = {}
    for name, column in zip(VARIANTS, answers.T, strict=True):
        given = column.astype(np.int64)
        key = name.replace(" ", "_")
        found[f"accuracy_of_{key}"] = bootstrap(accuracy, truth, given)
        for metric in (precision, recall, f1):
            of_fear = partial(metric, pos_label=0)
            found[f"{metric.__name__}_of_{key}"] = bootstrap(of_fear, truth, given)
    return found
