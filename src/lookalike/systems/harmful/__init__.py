"""Harmful: the kinds of harm in a post, why, and what to do about it."""

from lookalike.core.spec import SystemSpec

_HERE = "lookalike.systems.harmful"

SPEC = SystemSpec(
    name="harmful",
    title="Harmful posts: found, explained and acted on",
    lead="Posts that were not learned from, copies of one text in one part.",
    system=f"{_HERE}.system:Harmful",
    evaluation=f"{_HERE}.evaluation:evaluate",
    card=f"{_HERE}.card:values",
    report=f"{_HERE}.report:add_sections",
    inputs=f"{_HERE}.post:INPUTS",
    answer=f"{_HERE}.answers:HarmAnswer",
    capabilities=("classify", "explain", "review"),
    datasets={
        "harmful_texts": "lookalike.datasets.harmful_texts:load_harmful_texts",
        "hate_speech_davidson": "lookalike.datasets.harmful_texts:load_davidson",
        "told_br": "lookalike.datasets.harmful_texts:load_told_br",
        "kmhas": "lookalike.datasets.harmful_texts:load_kmhas",
        "germeval2018": "lookalike.datasets.harmful_texts:load_germeval2018",
        "mlma": "lookalike.datasets.harmful_texts:load_mlma",
        "composed_posts": "lookalike.datasets.composed_posts:load_composed_posts",
    },
    own_data="lookalike.datasets.own_posts:load_own_posts",
    own_data_form="the path of a CSV file with a column text, or picture, and one for "
    "each kind of harm, or of a folder with such a file named posts.csv",
    example="what a lovely day",
    masks_inputs=True,
)
__getattr__ = SPEC.export
