"""End-to-end systems, one a file.

All have the same verbs: ``fit``, ``evaluate``, one or two that say what they do,
``save``, ``load`` and ``card``. ``SYSTEMS`` names them; ``find_system`` imports one.
A new system is its file and its line here; what the command asks of it is in
``lookalike.systems.verbs``.
"""

from importlib import import_module
from typing import Any

SYSTEMS = {
    "digits": ("lookalike.systems.digits", "Digits"),
    "attributes": ("lookalike.systems.attributes", "Attributes"),
    "emotions": ("lookalike.systems.emotions", "Emotions"),
    "events": ("lookalike.systems.events", "Events"),
    "faces": ("lookalike.systems.faces", "Faces"),
    "films": ("lookalike.systems.films", "Films"),
    "games": ("lookalike.systems.games", "Games"),
    "images": ("lookalike.systems.image_search", "ImageSearch"),
    "people": ("lookalike.systems.people", "People"),
    "places": ("lookalike.systems.places", "Places"),
    "textures": ("lookalike.systems.textures", "Textures"),
}
"""Module and class of each system."""


def find_system(name: str) -> Any:
    """Return a system's class by its name.

    Raises
    ------
    ValueError
        If there is none of that name; the message lists those that there are.
    """
    if name not in SYSTEMS:
        raise ValueError(
            f"The system must be one of {', '.join(SYSTEMS)}, got {name!r}."
        )
    module, attribute = SYSTEMS[name]
    return getattr(import_module(module), attribute)
