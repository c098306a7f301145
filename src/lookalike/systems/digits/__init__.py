"""Digits: say which digit this is, and find the known digits that look like it."""

from lookalike.core.spec import SystemSpec

_HERE = "lookalike.systems.digits"

SPEC = SystemSpec(
    name="digits",
    title="Digits: recognised and searched",
    lead="Unseen handwritten digits, answered by their nearest neighbours among the "
    "known ones.",
    system=f"{_HERE}.system:Digits",
    evaluation=f"{_HERE}.evaluation:evaluate",
    card=f"{_HERE}.card:values",
    report=f"{_HERE}.report:add_sections",
    inputs="lookalike.core.inputs:DIGIT_IMAGES",
    answer=f"{_HERE}.system:DigitAnswer",
    capabilities=(
        *("classify", "search", "explain", "explain_item"),
        *("items", "gallery"),
    ),
    datasets={
        "mnist": "lookalike.datasets:load_mnist",
        "digits_sample": "lookalike.datasets:load_digits_sample",
        "fashion_mnist": "lookalike.datasets:load_fashion_mnist",
    },
    own_data="lookalike.datasets:load_own_digits",
    own_data_form="the path of an .npz file, of a folder of class folders, or of a CSV "
    "file of paths and labels",
)
__getattr__ = SPEC.export
