"""Events: suggest to each user open events that they may want to join."""

from lookalike.core.spec import SystemSpec

_HERE = "lookalike.systems.events"

SPEC = SystemSpec(
    name="events",
    title="Events",
    lead="Lists that were shown after the split, put in order; the first ten of each.",
    system=f"{_HERE}.system:Events",
    evaluation=f"{_HERE}.evaluation:evaluate",
    card=f"{_HERE}.card:values",
    report=f"{_HERE}.report:add_sections",
    inputs="lookalike.core.inputs:USERS",
    capabilities=("recommend", "rank", "explain", "explain_item"),
    datasets={
        "event_simulator": "lookalike.datasets.event_simulator:simulate_events",
    },
    own_data="lookalike.datasets.event_files:load_event_challenge",
    own_data_form="the path of a folder with the challenge's files",
    example="u3",
)
__getattr__ = SPEC.export
