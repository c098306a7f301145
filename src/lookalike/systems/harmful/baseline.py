"""What a harmful-post system has to beat: a bag of words, learned on the same posts."""

import numpy as np

from lookalike._typing import Array
from lookalike.datasets.posts import Posts
from lookalike.features.text import TfidfVectorizer
from lookalike.learn import LogisticRegression
from lookalike.systems.harmful.calibration import best_threshold


def words_named(data: Posts) -> Array:
    """Which test posts a logistic regression of their words names harmful, 0 and 1.

    Words as they are written in small letters, without pairs, runs of letters or
    undone disguises; the threshold is chosen on the validation part.
    """
    words = TfidfVectorizer(min_df=2, dtype=np.float32)
    known = np.isfinite(data.train.labels[:, 0])
    X = words.fit_transform(data.train.texts)[known]
    model = LogisticRegression(max_iter=100, tol=1e-3)
    model.fit(X, data.train.labels[known, 0].astype(np.int64))
    held = np.isfinite(data.validation.labels[:, 0])
    shares = model.predict_proba(words.transform(data.validation.texts))[held, 1]
    least = best_threshold(data.validation.labels[held, 0], shares, macro=True)
    found: Array = model.predict_proba(words.transform(data.test.texts))[:, 1] >= least
    return found.astype(np.int64)
