"""Scenes of one colour and pattern, as photographs, with titles that say which."""

import numpy as np

from lookalike.datasets import VideoCollection

OPTIONS = {}
N_FIGURES = 1
IN_REPORT = ("What was asked, and what the whole catalogue answers",)
THINGS = ["car", "boat", "horse", "tower", "river", "garden"]
COLOURS = {"red": (200, 30, 30), "green": (30, 180, 40), "blue": (40, 60, 210)}


def scene(thing, colour, seed):
    """Return a picture of 64 by 96 whose stripes say what and whose paint which."""
    rng = np.random.default_rng(seed)
    at = np.arange(96)[None] * (1 + THINGS.index(thing)) / 12
    down = np.arange(64)[:, None] * (THINGS.index(thing) % 3) / 9
    waves = 0.5 + 0.5 * np.sin(at + down + rng.random())
    paint = waves[:, :, None] * np.array(COLOURS[colour])
    return np.clip(paint + rng.normal(0, 6, (64, 96, 3)), 0, 255).astype(np.uint8)


def data():
    """Return 60 videos of two photographs, each with a title and a description."""
    ids, titles, descriptions, sources = [], [], [], []
    for number in range(60):
        thing = THINGS[number % 6]
        colour = list(COLOURS)[number // 6 % 3]
        ids.append(f"v{number}")
        titles.append(f"{colour} {thing} {number}")
        descriptions.append(f"Here a {thing} is seen, and it is {colour}.")
        sources.append(tuple(scene(thing, colour, 2 * number + at) for at in (0, 1)))
    titles[7] = descriptions[7] = ""  # found by its pixels alone
    sources[9] = None  # and this one by its words
    return VideoCollection("scenes", "0" * 64, ids, titles, descriptions, sources)


def inputs(made):
    """Return words as users send them."""
    return ["a blue boat", "river 4", "zebra", "red towers and a garden"]
