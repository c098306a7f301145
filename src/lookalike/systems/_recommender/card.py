"""What the cards of recommenders share: architecture, model, service, experiments."""

from collections.abc import Mapping
from typing import Any

from lookalike.core.card import NOT_YET, arm_size, measured_numbers

Facts = Mapping[str, Any]


def architecture(facts: Facts) -> list[str]:
    """Tell the three stages."""
    generators = ", ".join(
        f"{name} ({quota})"
        for name, quota in zip(facts["generators"], facts["quotas"], strict=True)
    )
    about = facts["configuration"]
    return [
        f"history -> candidates of {len(facts['generators'])} generators, each "
        f"with its quota: {generators} -> {facts['ranker']} -> rules: already "
        f"seen, blocked, diversity {about['diversity']}, {about['exploration']} places "
        "for new items.",
        "Each candidate keeps its place in the list of every generator: the ranker "
        "sees it, and the answer's reason is made of it.",
    ]


def metrics(found: str) -> list[str]:
    """Tell what is measured, offline and online."""
    return [
        f"Offline: {found} Users are the unit of chance; intervals are 95% bootstrap "
        "intervals, and tests are paired. Also coverage of the catalogue, novelty, "
        "diversity and popularity bias, so that a gain is not bought with "
        "best-sellers.",
        "Online: share of lists from which something was taken, time spent with it a "
        "week later, and what was blocked, which must not rise.",
    ]


def model(facts: Facts) -> list[str]:
    """Tell the numbers."""
    return [
        f"{facts['ranker']}, learned from {facts['n_training_rows']:,} candidates: "
        "a fifth of what is known was held out, and the ranker learned to find it "
        "among the candidates of the generators. Settings were chosen on a part of "
        "what is known, never on what is hidden here.",
        *measured_numbers(facts),
    ]


def service(facts: Facts) -> list[str]:
    """Tell the time of an answer, and what unknown users get."""
    return [
        f"One user's list takes {facts.get('milliseconds_per_answer', NOT_YET)} ms "
        "(median, one at a time, on the machine that evaluated it); in a batch "
        f"{facts.get('users_per_second', NOT_YET)} users a second.",
        "A user is their history, and is folded in when they ask: what they did a "
        "moment ago counts at once. Who is not known gets what is popular, with the "
        "reason code new_user; candidates that are too few are filled up, with the "
        "code filled_up.",
    ]


def online(facts: Facts) -> list[str]:
    """Tell the size of an experiment."""
    rate = facts["metrics"].get("precision_at_10", {}).get("value")
    size = NOT_YET if rate is None else arm_size(rate, 0.005)
    return [
        "Lists decide what can be clicked, so that the log of a recommender flatters "
        "it: draw users, not lists, and keep a few places for chance. A difference of "
        f"half a point of precision needs {size}."
    ]


def scaling(facts: Facts) -> list[str]:
    """Tell what grows, and what to watch."""
    return [
        f"EASE keeps a weight for each pair of the {facts['n_items']:,} items (or of "
        "item and user, where these are fewer): from some 20,000 items on, leave it "
        "to ALS, whose cost grows with what is known.",
        "Watch coverage, the share of lists filled up, and the age of the newest item "
        "that is shown. New items need content or a place to be tried in: both are "
        "rules, and off until they are asked for.",
    ]
