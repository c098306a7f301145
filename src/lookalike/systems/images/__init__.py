"""Image search: an image in, the most similar images out, and better with clicks."""

from lookalike.core.spec import SystemSpec

_HERE = "lookalike.systems.images"

SPEC = SystemSpec(
    name="images",
    title="Image search: the most similar first",
    lead="Relevant is what has the query's label.",
    system=f"{_HERE}.system:ImageSearch",
    evaluation=f"{_HERE}.evaluation:evaluate",
    card=f"{_HERE}.card:values",
    report=f"{_HERE}.report:add_sections",
    inputs="lookalike.core.inputs:IMAGES_OR_TEXTS",
    answer=f"{_HERE}.zero_shot:NamedImage",
    capabilities=("search", "similar", "zero_shot", "explain", "gallery", "refresh"),
    datasets={
        "fashion_mnist": "lookalike.datasets:load_fashion_mnist",
        "mnist": "lookalike.datasets:load_mnist",
        "digits_sample": "lookalike.datasets:load_digits_sample",
    },
    own_data="lookalike.datasets:load_images",
    own_data_form="an .npz file, a folder of pictures, or a CSV of their paths",
)
__getattr__ = SPEC.export
