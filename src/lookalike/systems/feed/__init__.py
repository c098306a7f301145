"""The news feed: several things that people do with a post, and one order."""

from lookalike.core.spec import SystemSpec

_HERE = "lookalike.systems.feed"

SPEC = SystemSpec(
    name="feed",
    title="News feed",
    lead="Posts of those whom people follow, and of strangers, in the order of what "
    "they are worth.",
    system=f"{_HERE}.system:Feed",
    evaluation=f"{_HERE}.evaluation:evaluate",
    card=f"{_HERE}.card:values",
    report=f"{_HERE}.report:add_sections",
    inputs="lookalike.core.inputs:USERS",
    capabilities=(
        *("recommend", "rank", "history", "weigh", "posts", "explain", "explain_item"),
    ),
    datasets={
        "feed_simulator": "lookalike.datasets.feed_simulator:simulate_feed",
        "kuairand_explicit": "lookalike.datasets.kuairand:load_kuairand",
    },
    own_data="lookalike.datasets.own_feed:load_own_feed",
    own_data_form="the path of a table of impressions (CSV, JSON lines, Parquet), or "
    "of a TOML file that names it and the tables of posts and follows",
    own_data_options=("items", "users", "user", "item", "time"),
    shows_once=True,
    example="u3",
)
__getattr__ = SPEC.export
