"""Jaywalking: who will cross where nobody is meant to, a second before they do."""

import json

from lookalike.core.spec import SystemSpec

_HERE = "lookalike.systems.jaywalking"
_WALK = [
    {"boxes": [[900 - 4 * t, 300, 960 - 4 * t, 450 + t], [150, 320, 190, 430]]}
    for t in range(60)
]
"""Somebody who walks towards the middle of the picture, and somebody who stands."""

SPEC = SystemSpec(
    name="jaywalking",
    title="Jaywalking: who crosses, and where nobody is meant to",
    lead="People of clips that were not learned from, one to two seconds before.",
    system=f"{_HERE}.system:Jaywalking",
    evaluation=f"{_HERE}.evaluation:evaluate",
    card=f"{_HERE}.card:values",
    report=f"{_HERE}.report:add_sections",
    inputs=f"{_HERE}.clip_text:INPUTS",
    answer=f"{_HERE}.answers:JaywalkAnswer",
    capabilities=("classify", "explain", "stream"),
    datasets={
        "jaad_annotations": "lookalike.datasets.jaad:load_jaad",
        "composed_streets": "lookalike.datasets.composed_streets:load_composed_streets",
    },
    own_data="lookalike.datasets.jaad:load_own_clips",
    own_data_form="the path of a zip archive in JAAD's form",
    example=json.dumps({"width": 1280, "height": 720, "frames": _WALK}),
)
__getattr__ = SPEC.export
