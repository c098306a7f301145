"""Type-ahead: suggest the query that is being typed."""

from lookalike.core.spec import SystemSpec

_HERE = "lookalike.systems.typeahead"

SPEC = SystemSpec(
    name="typeahead",
    title="Type-ahead: the query that is being typed",
    lead="Queries that many asked, and some that nobody asked yet, beside the most "
    "popular completion.",
    system=f"{_HERE}.system:Typeahead",
    evaluation=f"{_HERE}.evaluation:evaluate",
    card=f"{_HERE}.card:values",
    report=f"{_HERE}.report:add_sections",
    inputs=f"{_HERE}.system:INPUTS",
    capabilities=("suggest", "explain"),
    datasets={"trec_queries": "lookalike.datasets:load_trec_queries"},
    own_data="lookalike.datasets:read_queries",
    own_data_form="a table with a column query (.csv, .tsv, .jsonl or .parquet)",
    own_data_options=("item", "user", "time"),
    example="new yo",
)
__getattr__ = SPEC.export
