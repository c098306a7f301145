"""Games: what to play next, by the hours that players spent."""

from lookalike.core.spec import SystemSpec

_HERE = "lookalike.systems.games"
_SHARED = "lookalike.systems._recommender"

SPEC = SystemSpec(
    name="games",
    title="Games",
    lead="Ten games for each player, beside those of each candidate generator alone.",
    system=f"{_HERE}.system:Games",
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
    datasets={"steam_play_hours": "lookalike.datasets.plays:load_steam_plays"},
    own_data="lookalike.datasets.plays:load_plays",
    own_data_form="the path of a .csv or .csv.gz file",
    example="151603712",
)
__getattr__ = SPEC.export
