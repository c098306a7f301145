"""Attributes: recognise a combination of attributes that was seen only once."""

from lookalike.core.spec import SystemSpec

_HERE = "lookalike.systems.attributes"
_STROKES = "lookalike.datasets.strokes"

SPEC = SystemSpec(
    name="attributes",
    title="Attributes: a combination that was seen once",
    lead="Each attribute is learned from all images that have it; the combinations are "
    "composed of them.",
    system=f"{_HERE}.system:Attributes",
    evaluation=f"{_HERE}.evaluation:evaluate",
    card=f"{_HERE}.card:values",
    report=f"{_HERE}.report:add_sections",
    inputs="lookalike.core.inputs:DIGIT_IMAGES",
    answer=f"{_HERE}.system:AttributesAnswer",
    capabilities=("classify", "explain"),
    datasets={
        "mnist": f"{_STROKES}:load_strokes_of_mnist",
        "digits_sample": f"{_STROKES}:load_strokes_of_digits_sample",
        "strokes_of_mnist": f"{_STROKES}:load_strokes_of_mnist",
        "strokes_of_digits_sample": f"{_STROKES}:load_strokes_of_digits_sample",
    },
    own_data=f"{_STROKES}:load_own_attributes",
    own_data_form="the path of a folder with a folder of drawings a combination, such "
    "as 'star, thick'",
)
__getattr__ = SPEC.export
