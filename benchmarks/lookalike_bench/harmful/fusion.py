"""Text and picture: ways to bring them together, in the composed world."""

from typing import Any

import numpy as np

from lookalike.datasets import load_fashion_mnist
from lookalike.datasets.composed_posts import (
    compose_posts,
    is_harmful,
    load_composed_posts,
)
from lookalike.evaluate import bootstrap, paired_test
from lookalike.evaluate.precision_recall import pr_auc
from lookalike.features.text import TfidfVectorizer
from lookalike.learn import PCA, LogisticRegression
from lookalike.learn.focal_loss import FocalLoss
from lookalike.systems.harmful import SPEC
from lookalike.systems.harmful.fusion import (
    Hierarchical,
    LateFusion,
    fit_blended,
)
from lookalike.systems.harmful.joint_network import JointNetwork, Parts
from lookalike_bench.bars import Row
from lookalike_bench.harmful.common import ap_gained

N_COMPOSED, N_TESTED = 16_000, 5_000


def composed(n: int = N_COMPOSED, n_tested: int = N_TESTED) -> list[Row]:
    """Compare ways to bring text and picture together."""
    found = load_fashion_mnist()
    x, y = found.x_train, found.y_train
    train = compose_posts(x[:50_000], y[:50_000], n, 0)
    held = compose_posts(x[50_000:], y[50_000:], n_tested // 2, 1)
    test = compose_posts(found.x_test, found.y_test, n_tested, 2)
    pixels = [
        each.pictures.reshape(len(each), -1) / 255.0 for each in (train, held, test)
    ]
    pca = PCA(64, random_state=0).fit(pixels[0][:5000])
    words = TfidfVectorizer().fit(train.texts)
    known, kept, asked = (
        Parts(
            (pca.transform(own) / 3).astype(np.float32),
            words.transform(each.texts).toarray().astype(np.float32),
        )
        for own, each in zip(pixels, (train, held, test), strict=True)
    )
    both = known, train.labels, kept, held.labels
    linear = LogisticRegression().fit(known.both, train.labels)
    shares = {
        "early": JointNetwork().fit(*both).predict(asked),
        "early, all epochs": JointNetwork().fit(*both[:2]).predict(asked),
        "early, focal loss": JointNetwork(loss=FocalLoss()).fit(*both).predict(asked),
        "early, blended gradients": fit_blended(*both).predict(asked),
        "early, linear": linear.predict_proba(asked.both)[:, 1],
        "late, mean": LateFusion(False).fit(*both).predict(asked),
        "late, learned": LateFusion(True).fit(*both).predict(asked),
        "concepts first": Hierarchical()
        .fit(known, train.things, train.intents, train.labels)
        .predict(asked),
        "ceiling": is_harmful(test.things, test.intents).astype(float),
    }
    rows: list[Row] = [
        {
            "method": name,
            "ap": str(bootstrap(pr_auc, test.labels, own, n_resamples=200)),
        }
        for name, own in shares.items()
    ]
    early, late = shares["early"], shares["late, learned"]
    test_of_right = paired_test(
        (early >= 0.5) == test.labels, (late >= 0.5) == test.labels
    )
    gained = ap_gained(test.labels, early, late)
    rows[0] |= {
        "better": str(gained),
        "better, low": gained.low,
        "p": test_of_right.p_value,
    }
    return rows


def saved() -> list[Row]:
    """Learn the system from composed posts; judge the test posts by more and more."""
    data = load_composed_posts()
    system = SPEC.new({}).fit(data)
    test = data.test
    given: dict[str, dict[str, Any]] = {
        "text": {},
        "text and picture": {"pictures": test.all_pictures},
        "text, author, reactions": {"signals": test.signals},
        "all": {"pictures": test.all_pictures, "signals": test.signals},
    }
    truth, rows = test.labels[:, 0], []
    for name, parts in given.items():
        found = system.judge(test.texts, test.languages, **parts)
        ap = bootstrap(pr_auc, truth, found.probabilities[:, 0], n_resamples=200)
        rows.append({"method": name, "ap": str(ap)})
    return rows
