"""Images that are unlike anything known are said to be so."""

import numpy as np

from lookalike.core.items import ItemCatalogue
from lookalike.systems.digits.familiarity import USUAL, Familiarity


def test_few_known_digits_and_most_scribbles_are_unlike_what_is_known(small):
    made = small("digits")
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (50, *made.data.x_test.shape[1:])).astype(np.uint8)
    answers = made.system.classify_each([*made.data.x_test, *noise])
    unlike = np.array([each.unlike_known for [each] in answers])
    assert unlike[-50:].all()
    assert unlike[:-50].mean() < 3 * (1 - USUAL)  # of known ones at most 1 - USUAL


def test_each_measure_is_held_to_the_usual_share_of_the_known_images():
    images = np.zeros((101, 2, 2), np.uint8)
    images[:, 0, 0] = np.arange(100, 201)  # all alike in direction, 1 apart
    vectors = np.arange(101, dtype=np.float32)[:, None]
    usual = Familiarity(ItemCatalogue(images, np.zeros(101), vectors))
    one, black = images[50], np.zeros((2, 2), np.uint8)
    assert USUAL < 1
    assert not usual.unlike(1.0, one, images[51])
    assert usual.unlike(1.01, one, images[51])  # by the vectors
    assert usual.unlike(0.0, one, images[53])  # by the pixels
    turned = one[::-1]
    assert usual.unlike(0.0, np.clip(one, 0, 1), np.clip(turned, 0, 1))  # the angle
    assert not usual.unlike(0.0, one, black)  # which has no picture
    assert not Familiarity(ItemCatalogue(images[:1], [0], vectors[:1])).unlike(
        9.0, one, images[0]
    )
