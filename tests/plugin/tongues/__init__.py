"""Tongues: say which language a text is in."""

from lookalike.core.spec import SystemSpec

SPEC = SystemSpec(
    name="tongues",
    title="Tongues: which language this is",
    lead="Sayings that took no part in learning.",
    system="tongues.system:Tongues",
    evaluation="tongues.evaluation:evaluate",
    card="tongues.card:values",
    inputs="tongues.system:INPUTS",
    answer="tongues.system:TongueAnswer",
    capabilities=("classify", "explain"),
    datasets={"sayings": "tongues.data:sayings"},
    example="the early bird catches the worm",
)
