"""Textures: say what a surface is, however it lies and however it is lit."""

from lookalike.core.spec import SystemSpec

_HERE = "lookalike.systems.textures"

SPEC = SystemSpec(
    name="textures",
    title="Textures: recognised however they lie",
    lead="All of them learned from upright patches alone.",
    system=f"{_HERE}.system:Textures",
    evaluation=f"{_HERE}.evaluation:evaluate",
    card=f"{_HERE}.card:values",
    report=f"{_HERE}.report:add_sections",
    inputs="lookalike.core.inputs:IMAGES",
    answer=f"{_HERE}.system:TextureAnswer",
    capabilities=("classify", "explain"),
    datasets={"textures": "lookalike.datasets:load_textures"},
    own_data="lookalike.datasets.textures:load_own_textures",
    own_data_form="the path of a folder of pictures, a folder a texture or one picture "
    "that is named by its texture, or of a CSV file of paths and labels",
)
__getattr__ = SPEC.export
