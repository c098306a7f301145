"""The quality of the answers, beside always naming the first language."""

import numpy as np

from lookalike.core.evaluation import EvaluationResult, milliseconds_per_answer
from lookalike.core.progress import no_progress
from lookalike.evaluate import accuracy, bootstrap, paired_test


def evaluate(system, data, on_progress=no_progress):
    """Measure the share of the test texts whose language is found."""
    texts, truth = zip(*data.test, strict=True)
    truth = np.array(truth)
    found = np.array([each.label for [each] in system.classify_each(texts)])
    facts = {
        "n_test": len(texts),
        "milliseconds_per_answer": milliseconds_per_answer(
            system.classify_each, [[text] for text in texts]
        ),
    }
    first = paired_test(found == truth, system.classes_[0] == truth)
    metrics = {"accuracy": bootstrap(accuracy, truth, found)}
    return EvaluationResult(
        f"{len(texts)} test texts", metrics, {"the first language": first}, facts
    )
