"""Films: what to watch next, by what somebody rated, how high and when."""

from lookalike.core.spec import SystemSpec

_HERE = "lookalike.systems.films"
_SHARED = "lookalike.systems._recommender"

SPEC = SystemSpec(
    name="films",
    title="Films",
    lead="Ten films for each person, beside those of each candidate generator alone.",
    system=f"{_HERE}.system:Films",
    evaluation=f"{_SHARED}.evaluation:evaluate",
    card=f"{_SHARED}.card:recommender_values",
    report=f"{_SHARED}.report:add_sections",
    live_data="lookalike.datasets.live_log:with_live",
    old_slice="lookalike.datasets.live_log:held_out_first",
    comparison=f"{_SHARED}.comparison:compare",
    inputs="lookalike.core.inputs:USERS",
    capabilities=(
        *("recommend", "rank", "history", "similar", "explain", "explain_item"),
        *("retrain", "catalogue"),
    ),
    datasets={"movielens_small": "lookalike.datasets.ratings:load_movielens"},
    own_data="lookalike.datasets.ratings:load_ratings",
    own_data_form="the path of a .csv or .csv.gz file",
    example="1",
)
__getattr__ = SPEC.export
