"""People: suggest to each person whom they may know."""

from lookalike.core.spec import SystemSpec

_HERE = "lookalike.systems.people"

SPEC = SystemSpec(
    name="people",
    title="People you may know",
    lead="Held-out friendships, looked for among ten suggestions to each person.",
    system=f"{_HERE}.system:People",
    evaluation=f"{_HERE}.evaluation:evaluate",
    card=f"{_HERE}.card:values",
    report=f"{_HERE}.report:add_sections",
    inputs="lookalike.core.inputs:USERS",
    capabilities=("recommend", "rank", "explain", "explain_item", "precompute"),
    datasets={"facebook_ego": "lookalike.datasets.friendships:load_facebook_ego"},
    own_data="lookalike.datasets.friendships:load_friendships",
    own_data_form="the path of a file with two names a line",
    items_are_users=True,
    example="0",
)
__getattr__ = SPEC.export
