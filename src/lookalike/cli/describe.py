"""``lookalike describe``: a system's card, nine steps with the measured numbers."""

from lookalike.cli._common import Folder, Json, System, say
from lookalike.cli._progress import progress
from lookalike.cli._systems import open_system


def describe(system: System, folder: Folder = None, json: Json = False) -> None:
    """Print what a system is for, how it was made and how good it is."""
    with progress() as on_progress:
        on_progress("opening the system", 0.0)
        opened = open_system(system, folder)
    card = opened.spec.build_card(opened.system)
    answer = {
        "system": system,
        "generation": opened.generation,
        "steps": dict(card.steps),
    }
    say(answer, json, card.markdown().splitlines())
