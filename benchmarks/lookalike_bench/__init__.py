"""Speed, memory and quality of lookalike beside other libraries.

Each module named in ``BENCHMARKS`` has a function ``run(only, rounds, progress)`` that
returns ``{"machine": ..., "rows": [...], "bars": [...]}``; ``lookalike bench NAME``
prints it. ``benchmarks/README.md`` says what each one measures.
"""

BENCHMARKS = (
    "ads",
    "algorithms",
    "approximate",
    "documents",
    "emotions",
    "experiments",
    "feed",
    "harmful",
    "images",
    "jaywalking",
    "ltr",
    "many",
    "monitoring",
    "mutants",
    "neighbors",
    "off_policy",
    "page",
    "people",
    "photographs",
    "places",
    "recommenders",
    "service",
    "tracking",
    "triplet",
    "typeahead",
    "videos",
)
