"""Shop: what customers may want next, learned from anybody's log."""

from lookalike.core.spec import SystemSpec

_HERE = "lookalike.systems.shop"
_SHARED = "lookalike.systems._recommender"

SPEC = SystemSpec(
    name="shop",
    title="Shop",
    lead="Ten items for each customer, beside those of each candidate generator alone.",
    system=f"{_HERE}.system:Shop",
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
    datasets={
        "movielens_small": "lookalike.datasets.logs:load_movielens_log",
        "steam_play_hours": "lookalike.datasets.logs:load_steam_log",
    },
    own_data="lookalike.datasets.logs:load_log",
    own_data_form="the path of a log (CSV, JSON lines, Parquet) or of its TOML form",
    own_data_options=(
        *("items", "users", "user", "item", "time", "value", "event"),
        *("combine", "weights", "id", "title", "kinds", "user_id", "user_kinds"),
    ),
    example="1",
)
__getattr__ = SPEC.export
