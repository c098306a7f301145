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
    own_data=f"{_HERE}.data:load_folder",
    own_data_form="the path of a folder of pictures, one a texture, named by its file",
)
__getattr__ = SPEC.export
