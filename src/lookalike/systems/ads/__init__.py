"""Ads: the probability of a click, and what a place on a page is sold for."""

from lookalike.core.spec import SystemSpec

_HERE = "lookalike.systems.ads"

SPEC = SystemSpec(
    name="ads",
    title="Ads",
    lead="Probabilities of clicks on later impressions, and what they are worth.",
    system=f"{_HERE}.system:AdClicks",
    evaluation=f"{_HERE}.evaluation:evaluate",
    card=f"{_HERE}.card:values",
    report=f"{_HERE}.report:add_sections",
    inputs="lookalike.core.inputs:USERS",
    capabilities=("recommend", "rank", "auction", "explain", "explain_item"),
    datasets={
        "ad_simulator": "lookalike.datasets.ad_simulator:simulate_ads",
        "movielens_clicks": "lookalike.datasets.published_clicks:load_movielens_clicks",
        "bank_clicks": "lookalike.datasets.published_clicks:load_bank_clicks",
        "criteo_tiny": "lookalike.datasets.published_clicks:load_criteo",
    },
    own_data="lookalike.datasets.own_clicks:load_own_clicks",
    own_data_form="the path of a table of impressions (CSV, JSON lines, Parquet) or of "
    "its TOML form",
    own_data_options=("items", "users", "user", "item", "time", "value"),
    example="u3",
)
__getattr__ = SPEC.export
