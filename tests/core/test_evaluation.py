"""Copies of what was learned from among what is tested on: counted, and told."""

import numpy as np

from lookalike.core.evaluation import copies_note, n_copies


def test_images_are_compared_by_every_pixel_and_by_their_shape():
    rng = np.random.default_rng(0)
    known = rng.integers(0, 256, (50, 6, 4), dtype=np.uint8)
    tested = known[[3, 3, 7, 9]].copy()
    tested[2, 5, 3] ^= 1
    assert n_copies(known, tested) == 3
    assert n_copies(known, tested.reshape(-1, 4, 6)) == 0
    assert n_copies(known[:0], tested) == n_copies(known, tested[:0]) == 0
    assert n_copies(known[:, ::-1], tested[:, ::-1]) == 3  # not contiguous


def test_sentences_are_compared_word_by_word():
    known = [("in", "Rome"), ("yes",), (), ("half \ud83d",)]
    assert n_copies(known, [("in", "Rome"), ("in Rome",), ("Rome", "in")]) == 1
    assert n_copies(known, [("half \ud83d",), ("half",)]) == 1


def test_the_sentence_has_the_number_or_is_empty():
    assert copies_note({}) == copies_note({"n_copies": 0, "n_test": 9}) == ""
    said = copies_note({"n_copies": 1, "n_test": 1200})
    assert said.startswith("1 of the 1,200 test inputs is a copy of what was learned")
    assert "288 of the 3,589 test inputs are copies" in copies_note(
        {"n_copies": 288, "n_test": 3589}
    )
