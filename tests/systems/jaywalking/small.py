"""Composed clips of streets: a few dozen people who come in or walk along."""

import json

from lookalike.datasets.composed_streets import load_composed_streets
from lookalike.systems.jaywalking import SPEC
from lookalike.systems.jaywalking.clip_text import text_of

OPTIONS = {"n_trees": 30, "n_forests": 2, "n_epochs": 2}
N_FIGURES = 5
IN_REPORT = ("Clips, and the moment of the alarm", "Warning time against false alarms")
IN_CARD = ("risk = product", "Warning, in")


def data():
    """Return 40 clips with four people each."""
    return load_composed_streets(40)


def inputs(made):
    """Return a few clips as users send them."""
    clips = made.of("test")
    untracked = json.loads(text_of(clips[1], 20))
    for frame in untracked["frames"]:
        del frame["ids"], frame["signs"]
    return [
        text_of(clips[0], 40),
        json.dumps(untracked),
        SPEC.example,
        text_of(clips[2], 90),
    ]
