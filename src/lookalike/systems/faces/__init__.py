"""Faces: say who is on a picture, or that it is a stranger."""

from lookalike.core.spec import SystemSpec

_HERE = "lookalike.systems.faces"

SPEC = SystemSpec(
    name="faces",
    title="Faces: recognised, verified, refused",
    lead="Five pictures of each person are enrolled.",
    system=f"{_HERE}.system:Faces",
    evaluation=f"{_HERE}.evaluation:evaluate",
    card=f"{_HERE}.card:values",
    report=f"{_HERE}.report:add_sections",
    inputs=f"{_HERE}.data:INPUTS",
    answer=f"{_HERE}.system:FaceAnswer",
    capabilities=("classify", "explain", "enrol", "verify"),
    datasets={"orl_faces": "lookalike.datasets:load_orl_faces"},
    own_data=f"{_HERE}.data:load_folder",
    own_data_form="the path of a folder with a folder of pictures a person, or of a "
    "CSV file of paths and labels",
)
__getattr__ = SPEC.export
