"""Documents: find texts by their words, and by what they are about."""

from lookalike.core.spec import SystemSpec

_HERE = "lookalike.systems.documents"

SPEC = SystemSpec(
    name="documents",
    title="Documents: found by their words and by what they are about",
    lead="Judged queries, whose documents are ranked among all of the collection.",
    system=f"{_HERE}.system:Documents",
    evaluation=f"{_HERE}.evaluation:evaluate",
    card=f"{_HERE}.card:values",
    report=f"{_HERE}.report:add_sections",
    inputs=f"{_HERE}.system:INPUTS",
    capabilities=("search", "similar", "facets", "texts", "explain", "explain_item"),
    datasets={
        "scifact": "lookalike.datasets:load_scifact",
        "cranfield": "lookalike.datasets:load_cranfield",
        "cacm": "lookalike.datasets:load_cacm",
    },
    own_data="lookalike.datasets.own_texts:load_own_texts",
    own_data_form="the path of a folder of text files, of a table with a column of "
    "texts, or of a collection with judged queries",
    example="heat transfer to a wing",
)
__getattr__ = SPEC.export
