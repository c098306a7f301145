"""Places: find the names of locations in posts."""

from lookalike.core.spec import SystemSpec

_HERE = "lookalike.systems.places"

SPEC = SystemSpec(
    name="places",
    title="Places in text: found by a word and its neighbours",
    lead="Names of locations in posts from sources that were not learned from, beside "
    "lists of names.",
    system=f"{_HERE}.system:Places",
    evaluation=f"{_HERE}.evaluation:evaluate",
    card=f"{_HERE}.card:values",
    report=f"{_HERE}.report:add_sections",
    comparison=f"{_HERE}.comparison:compare",
    inputs=f"{_HERE}.system:INPUTS",
    answer=f"{_HERE}.system:LocationAnswer",
    capabilities=("classify", "explain"),
    datasets={"wnut17": "lookalike.datasets:load_wnut17"},
    own_data="lookalike.datasets.own_tagged:load_tagged",
    own_data_form="the path of a file of words and tags, or of a folder with one for "
    "each part (train, dev, test)",
    extras=("places",),
    example="I live in Kutaisi",
)
__getattr__ = SPEC.export
