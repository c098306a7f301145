"""Photos: say which of one's own classes a photograph shows, or that it is unclear."""

from lookalike.core.spec import SystemSpec

_HERE = "lookalike.systems.photos"

SPEC = SystemSpec(
    name="photos",
    title="Photos: recognised in your own classes",
    lead="Photographs that were held out, near copies of them too.",
    system=f"{_HERE}.system:Photos",
    evaluation=f"{_HERE}.evaluation:evaluate",
    card=f"{_HERE}.card:values",
    report=f"{_HERE}.report:add_sections",
    inputs="lookalike.core.inputs:COLOUR_IMAGES",
    answer=f"{_HERE}.system:PhotoAnswer",
    capabilities=("classify", "explain"),
    datasets={},
    own_data=f"{_HERE}.data:load_folder",
    own_data_form="the path of a folder with a folder of photographs a class, or of a "
    "CSV file of paths and labels",
)
__getattr__ = SPEC.export
