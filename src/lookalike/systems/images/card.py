"""The card of image search: nine steps, with the numbers that were measured."""

from collections.abc import Mapping
from typing import Any

from lookalike.core.card import NOT_YET, Card, arm_size, card_of, measured_numbers

Facts = Mapping[str, Any]


def image_search_card(about: Facts) -> Card:
    """Return the card of a fitted system; ``about`` is what its generation says."""
    tell = (
        *(_problem, _metrics, _architecture, _data, _features),
        *(_model, _service, _online, _scaling),
    )
    return card_of("Image search", tell, about)


def _problem(facts: Facts) -> list[str]:
    return [
        "Somebody has a picture of a thing and wants the pictures of a catalogue that "
        "show the same kind of thing, the most alike first, within the time of a "
        "keystroke. Their clicks should make the next answer better.",
        "What is alike is learned: from views of one picture, from labels, or from "
        "what was clicked after what.",
    ]


def _metrics(facts: Facts) -> list[str]:
    return [
        "Offline, over the full ranking of the catalogue, relevant being what has the "
        "query's label: precision@10, recall@100 and @1,000, reciprocal rank, mean "
        "average precision, nDCG@10. Each with a 95% bootstrap interval over queries "
        "and a paired test against raw pixels.",
        "Online: the share of searches with a click, and the position of the first "
        "click, both counted against how often a position is looked at.",
    ]


def _architecture(facts: Facts) -> list[str]:
    index = facts.get("index", {})
    return [
        "upload -> preparation (rotation by tag, colour, size) -> encoder -> vector of "
        f"{facts.get('n_dimensions', NOT_YET)} numbers, length one -> the "
        f"{facts['configuration']['n_candidates']} nearest ({index.get('method', '')} "
        "index) -> ranking by similarity and clicks -> rules (hidden, duplicates, "
        "freshness, diversity) -> answer. `explain` shows what each step did.",
    ]


def _data(facts: Facts) -> list[str]:
    return [
        f"{facts['data']['name']}, checksum {facts['data']['checksum'][:12]}: "
        f"{facts['n_items']:,} images are learned from and make the catalogue; "
        f"{_counted(facts.get('n_queries'))} others are the queries.",
        "Of a folder of one's own, files are known by content: only what is new or "
        "changed is read, and what vanished is forgotten.",
    ]


def _features(facts: Facts) -> list[str]:
    form = facts["preparation"]
    return [
        f"Every image becomes {form['height']} by {form['width']} pixels "
        f"({'grey' if form['mode'] == 'L' else 'colour'}) in one function that "
        "training, indexing and serving share. The embedding version "
        f"({facts['embedding_version']}) covers weights, preparation and code, and "
        "vectors of two versions are never compared.",
    ]


def _model(facts: Facts) -> list[str]:
    return [
        facts.get("model", NOT_YET),
        f"Learned in {facts.get('seconds_training', NOT_YET)} s "
        f"({facts.get('cpu_seconds_training', NOT_YET)} s of processor time).",
        *measured_numbers(facts),
    ]


def _service(facts: Facts) -> list[str]:
    index = facts.get("index", {})
    return [
        f"One answer takes {facts.get('milliseconds_per_answer', NOT_YET)} ms from an "
        "array (median, one at a time, on the machine that evaluated it); the index "
        f"was built in {index.get('seconds', NOT_YET)} s; "
        f"{facts.get('images_a_second', NOT_YET)} images a second are embedded. "
        "`lookalike bench images` splits the time from an upload by stage.",
    ]


def _online(facts: Facts) -> list[str]:
    precision = facts["metrics"].get("precision_at_10", {}).get("value")
    size = NOT_YET if precision is None else arm_size(precision, 0.005)
    return [
        "Shuffle the answers to a twentieth of the searches: they tell how often each "
        "position is looked at, without which clicks teach the position.",
        "Then half and half; half a point of the share with a click needs about "
        f"{size}.",
    ]


def _scaling(facts: Facts) -> list[str]:
    return [
        "The index is exact, or keeps a promised recall, or holds codes of a few bytes "
        "a vector where `memory` is short. Images are embedded independently.",
        "Watch recall@1 on images that come in with a label, and the share of searches "
        "whose best similarity is low: things are coming that were never seen. A new "
        "encoder makes a new generation; the catalogue is embedded again beside the "
        "old one.",
    ]


def _counted(n: int | None) -> str:
    return NOT_YET if n is None else f"{n:,}"
