"""End-to-end systems, one a file.

All have the same verbs: ``fit``, ``evaluate``, one or two that say what they do,
``save``, ``load`` and ``card``. ``SYSTEMS`` names them; ``find_system`` imports one.
A new system is its file and its line here; what the command asks of it is in
``lookalike.core.verbs``.
"""

from importlib import import_module
from typing import Any

SYSTEMS = {
    "digits": ("lookalike.systems.digits.system", "Digits"),
    "attributes": ("lookalike.systems.attributes.system", "Attributes"),
    "emotions": ("lookalike.systems.emotions.system", "Emotions"),
    "events": ("lookalike.systems.events.system", "Events"),
    "faces": ("lookalike.systems.faces.system", "Faces"),
    "films": ("lookalike.systems.films.system", "Films"),
    "games": ("lookalike.systems.games.system", "Games"),
    "images": ("lookalike.systems.images.system", "ImageSearch"),
    "people": ("lookalike.systems.people.system", "People"),
    "places": ("lookalike.systems.places.system", "Places"),
    "textures": ("lookalike.systems.textures.system", "Textures"),
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
