"""Emotions: say what the faces in photographs show, and how sure each answer is."""

from lookalike.core.spec import SystemSpec

_HERE = "lookalike.systems.emotions"

SPEC = SystemSpec(
    name="emotions",
    title="Emotions: what faces show",
    lead="Faces that took no part in learning.",
    system=f"{_HERE}.system:Emotions",
    evaluation=f"{_HERE}.evaluation:evaluate",
    card=f"{_HERE}.card:values",
    report=f"{_HERE}.report:add_sections",
    inputs="lookalike.core.inputs:IMAGES",
    answer=f"{_HERE}.system:EmotionAnswer",
    capabilities=("classify", "explain"),
    datasets={
        "fer2013": "lookalike.datasets:load_fer2013",
        "happy_and_fear": "lookalike.datasets:load_happy_and_fear",
    },
    own_data=f"{_HERE}.data:load_folder",
    own_data_form="the path of a folder with a folder of faces an emotion, or of a CSV "
    "file of paths and labels",
)
__getattr__ = SPEC.export
