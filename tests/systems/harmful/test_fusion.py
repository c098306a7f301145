"""Text and picture: what early fusion sees and late fusion does not."""

import numpy as np
import pytest

from lookalike.datasets import Images
from lookalike.datasets.composed_posts import compose_posts
from lookalike.evaluate.precision_recall import pr_auc
from lookalike.features.text import CountVectorizer
from lookalike.learn.losses import LogisticLoss
from lookalike.systems.harmful.fusion import (
    Hierarchical,
    LateFusion,
    fit_blended,
)
from lookalike.systems.harmful.joint_network import JointNetwork, Parts


@pytest.fixture(scope="module")
def posts():
    """Posts whose pictures are a bright row each, so that what is shown is plain."""
    rng = np.random.default_rng(0)
    things = np.arange(400) % 10
    pictures = rng.integers(0, 40, (400, 10, 6)).astype(np.uint8)
    pictures[np.arange(400), things] = 220
    data = Images("toy", "", pictures, things, pictures, things)
    return [compose_posts(data.x_train, data.y_train, n, n) for n in (4000, 1000, 1500)]


@pytest.fixture(scope="module")
def parts(posts):
    words = CountVectorizer().fit(posts[0].texts)
    return [
        Parts(
            (each.pictures.reshape(len(each), -1) / 255).astype(np.float32),
            words.transform(each.texts).toarray().astype(np.float32),
        )
        for each in posts
    ]


def test_harm_that_is_in_neither_part_is_seen_early_and_not_late(posts, parts):
    (known, kept, asked), (train, held, test) = parts, posts
    early = JointNetwork(n_hidden=64, n_epochs=25).fit(known, train.labels)
    late = LateFusion(True).fit(known, train.labels, kept, held.labels)
    concepts = Hierarchical().fit(known, train.things, train.intents, train.labels)
    found = [pr_auc(test.labels, m.predict(asked)) for m in (early, late, concepts)]
    assert found[0] > 0.75
    assert abs(found[1] - test.labels.mean()) < 0.08
    assert found[2] > 0.85


def test_blending_leaves_out_parts_that_gain_nothing(posts, parts):
    (known, kept, _), (train, held, _) = parts, posts
    model = fit_blended(known, train.labels, kept, held.labels, n_epochs=8)
    assert model.weights == (0, 0, 1)


def test_the_weights_of_the_best_epoch_on_held_out_posts_are_kept(posts, parts):
    (known, kept, _), (train, held, _) = parts, posts
    model = JointNetwork(n_hidden=32, n_epochs=12, learning_rate=0.02)
    model.fit(known, train.labels, kept, held.labels)
    losses = [each[2][1] for each in model.losses_]
    best = int(np.argmin(losses))
    assert best < len(losses) - 1
    scores = model.scores(kept)[:, [2]]
    found = LogisticLoss().each(scores, held.labels[:, None]).mean()
    assert found == pytest.approx(losses[best])
