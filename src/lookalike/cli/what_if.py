"""``lookalike what-if``: what another policy would have done, told from the log."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lookalike.cli._common import Folder, Json, System, columns, pairs, say
from lookalike.cli._progress import progress
from lookalike.cli._service import DatabaseUrl, Location, State, lines_of, minute_of

if TYPE_CHECKING:
    from lookalike.service.policies import Policy
    from lookalike.service.what_if import WhatIf

_DAY = 24 * 3600


def what_if(
    system: System,
    generation: Annotated[
        str | None,
        typer.Option(help="Another generation, such as 0002, fills the last place."),
    ] = None,
    weight: Annotated[
        list[str] | None,
        typer.Option(
            help="Another weight of a feature, NAME=VALUE, where the ranker is a line; "
            "may be given several times."
        ),
    ] = None,
    share: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Share that the other policy leaves to chance."
        ),
    ] = 0.0,
    reward: Annotated[
        str,
        typer.Option(
            help="What counts: an action such as click or purchase, any, or value (the "
            "sum of the events' values)."
        ),
    ] = "any",
    days: Annotated[
        float, typer.Option(min=0, help="Of the last so many days; 0 is all.")
    ] = 0.0,
    delay_hours: Annotated[
        float,
        typer.Option(min=0, help="Leave out what was shown since: events may come."),
    ] = 0.0,
    clip: Annotated[
        float, typer.Option(help="Greatest weight of clipped IPS and Switch-DR.")
    ] = 10.0,
    folder: Folder = None,
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Estimate what another policy would have earned on the lists that were shown.

    The log of a service that explores (`lookalike serve --explore`) knows with what
    chance each list came about. Of suggestions the last place is judged, of searches
    the order. Without another generation or weights it is the ranker that answered,
    with another share left to chance. Where the log cannot say, a sentence tells why.
    """
    with Location(system, folder, database, state) as where, progress() as on_progress:
        from lookalike.service.logged_lists import read_lists, reward_of
        from lookalike.service.what_if import judge_last_place, judge_order

        now = time.time()
        since = int((now - days * _DAY) * 1e6) if days else 0
        until = int((now - delay_hours * 3600) * 1e6) if delay_hours else None
        verb = "recommend" if where.spec.can("recommend") else "search"
        where.spec.check_can(verb)
        on_progress("reading the log", 0.0)
        lists = read_lists(
            *(where.database, where.spec.name, verb, reward_of(reward), since, until)
        )
        if verb == "recommend":
            policy = _policy(where, generation, weight, share)
            found = judge_last_place(lists, policy, system, on_progress, clip)
        else:
            _check_order(generation, weight, where.spec.name)
            found = judge_order(lists, share, where.spec.name)
        about = where.about
    answer = {"system": about["system"], "reward": reward, **_document(found)}
    say({**answer, **about}, json, [*_lines(found, reward), *lines_of(about)])
    if found.refusal:
        raise typer.Exit(1)


def _policy(
    where: Location, generation: str | None, weight: list[str] | None, share: float
) -> "Policy":
    from lookalike.service.policies import other_generation, other_weights, same_order

    if generation is not None and weight:
        raise ValueError("Give another generation or other weights, not both.")
    if generation is not None:
        place = where.spec, where.library, where.database
        return other_generation(*place, generation, share)
    if weight:
        found, _ = where.library.open()
        answering = where.spec.system_class.load(found)
        return other_weights(answering, found.folder.name, _weights(weight), share)
    return same_order(share)


def _weights(given: list[str]) -> dict[str, float]:
    form, found = "NAME=NUMBER", {}
    for name, value in pairs("--weight", given, form).items():
        try:
            found[name] = float(value)
        except ValueError:
            raise ValueError(f"--weight takes {form}, got {value!r}.") from None
    return found


def _check_order(generation: str | None, weight: list[str] | None, system: str) -> None:
    if generation is not None or weight:
        raise ValueError(
            f"The log of {system} has the vectors of its searches, and no texts or "
            "pictures that another generation or other weights could be asked for: "
            "only --share can differ."
        )


# --- what is told ---------------------------------------------------------------------


def _lines(found: "WhatIf", reward: str) -> list[str]:
    from lookalike.evaluate.off_policy import LEAST_INFORMATIVE

    said = {"any": "anything was done with", "value": "the value of what was done with"}
    counted = said.get(reward, f"{reward} of")
    lines = [
        f"What if: {found.policy}",
        f"judged: {found.n_judged:,} of {found.n_lists:,} lists, "
        f"{minute_of(found.since)} to {minute_of(found.until)} UTC; reward: {counted} "
        "the item",
    ]
    lines += [f"left out: {n:,} that {why}" for why, n in found.left_out.items()]
    place = found.last_place
    if place is not None:
        lines += ["", "the last place (those above stay as they were shown):"]
        rows = [("  what ran, measured", str(place.logged))]
        rows += [(f"  {name}", _value(v)) for name, v in place.estimates.items()]
        lines += columns(rows)
        if found.gain is not None:
            lines.append(f"  gain over what ran, paired: {found.gain}")
        lines.append(
            f"  effective sample {place.effective_sample:,.0f} of "
            f"{place.n_decisions:,}, largest weight {place.largest_weight:.3g} "
            f"({place.largest_share:.1%} of all), mean weight {place.mean_weight:.3f}"
        )
        if not place.refusal and found.gain is None:
            lines.append(
                "  no intervals: rewards other than the commonest weigh as much as "
                f"{place.informative_sample:,.0f}, where {LEAST_INFORMATIVE:g} are "
                "needed"
            )
        if place.refusal:
            lines.append(f"  {place.refusal}")
        if found.needed is not None:
            lines.append(f"  About {found.needed:,} such lists would do.")
    for assume, each in found.positions.items():
        lines += _position_lines(assume, each, place is not None)
    if found.measured is not None:
        lines.append(f"measured on the lists that were not shuffled: {found.measured}")
    return lines


def _position_lines(assume: str, each: Any, is_last: bool) -> list[str]:
    what = {
        "independence": "a reward depends on the item at its place alone",
        "cascade": "a reward depends on the items from the top down to it",
    }[assume]
    head = f"by position, {each.n_lists:,} lists, if {what}:"
    if each.found.refusal:
        return ["", head, f"  {each.found.refusal}"]
    rows: list[tuple[Any, ...]] = [("  place", "as shown", "what if", "effective")]
    for at, logged in enumerate(each.logged.tolist()):
        value, sample = each.found.positions[at], each.found.effective_samples[at]
        rows.append((f"  {at + 1}", f"{logged:.4f}", f"{value:.4f}", f"{sample:,.0f}"))
    total = f"  all places together: {each.found.value}"
    total += f", as shown {float(each.logged.sum()):.4f}"
    return ["", head, *columns(rows), total]


def _value(value: Any) -> str:
    return str(value) if value.interval is not None else f"{value} (no interval)"


def _document(found: "WhatIf") -> dict[str, Any]:
    """The same, ready for JSON."""
    place = found.last_place
    answer: dict[str, Any] = {
        "policy": found.policy,
        "refusal": found.refusal,
        "needed": found.needed,
        "lists": found.n_lists,
        "judged": found.n_judged,
        "since": found.since,
        "until": found.until,
        "left_out": dict(found.left_out),
        "gain": _estimate(found.gain),
        "measured": _estimate(found.measured),
    }
    if place is not None:
        answer["last_place"] = {
            **{k: v for k, v in asdict(place).items() if k != "estimates"},
            "estimates": _estimates(place.estimates),
        }
    answer["positions"] = {
        assume: {
            "lists": each.n_lists,
            "refusal": each.found.refusal,
            "value": None if each.found.value is None else _one(each.found.value),
            "as_shown": each.logged.tolist(),
            "what_if": None if each.found.refusal else each.found.positions.tolist(),
            "effective_samples": each.found.effective_samples.tolist(),
            "largest_weight": each.found.largest_weight,
        }
        for assume, each in found.positions.items()
    }
    return answer


def _estimates(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _one(value) for name, value in found.items()}


def _one(value: Any) -> dict[str, Any]:
    return {"value": value.value, "interval": _estimate(value.interval)}


def _estimate(found: Any) -> dict[str, float] | None:
    return None if found is None else asdict(found)
