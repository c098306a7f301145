"""``lookalike train``: learn from data, measure, save a generation, let it answer."""

import time
from typing import Annotated

import typer

from lookalike.cli._common import (
    Folder,
    Json,
    System,
    metric_lines,
    say,
    summary,
    warn,
)
from lookalike.cli._log_options import (
    EventColumn,
    ItemColumn,
    Items,
    TimeColumn,
    UserColumn,
    Users,
    ValueColumn,
    data_options,
)
from lookalike.cli._progress import progress
from lookalike.cli._retrain import SERVICE, again
from lookalike.cli._service import DatabaseUrl, State
from lookalike.cli._systems import options_of

Data = Annotated[
    str | None,
    typer.Option(
        help="A data set's name, or your own data: `train SYSTEM --help` lists both; "
        "or service, for a recommender to learn again from its service's events. By "
        "default the first data set that is here."
    ),
]


def train(
    system: System,
    data: Data = None,
    items: Items = None,
    users: Users = None,
    user: UserColumn = None,
    item: ItemColumn = None,
    time_: TimeColumn = None,
    value: ValueColumn = None,
    event: EventColumn = None,
    embedding: Annotated[
        str | None,
        typer.Option(help="For digits: linear, or conv with the deep extra."),
    ] = None,
    neighbors: Annotated[
        int | None, typer.Option(help="For digits: how many neighbours vote.")
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", help="Any option of the system, as NAME=VALUE."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            help="The only source of chance, 0 by default; with --data service that "
            "of the generation that answers."
        ),
    ] = None,
    folder: Folder = None,
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Learn a system from data, measure it, save it and let it answer.

    What is held out to measure is given back to the system that answers. Where another
    generation answers already, and this one is worse on the same held-out part by a
    paired test, it is saved and does not take over. With --data service a recommender
    learns again, from the log that it was first trained on and from the events of its
    service.
    """
    how = data_options(items, users, user, item, time_, value, event)
    options = {"embedding": embedding, "n_neighbors": neighbors, "random_state": seed}
    if data == SERVICE:
        if how:
            raise ValueError(
                "--data service reads the log as it was read before: leave out "
                f"{', '.join(f'--{name}' for name in how)}."
            )
        chosen = options_of(options, setting or [])
        again(system, folder, database, state, chosen, json)
        return
    from lookalike.core.evaluation import copies_note, verdict_of
    from lookalike.core.gate import compare_with_answering, is_worse
    from lookalike.core.library import find_library
    from lookalike.core.progress import stage_of
    from lookalike.systems import find_spec

    spec = find_spec(system)
    fitted = spec.new(options_of(options, setting or []), n_jobs=-1)
    library = find_library(system, folder)
    library.check_writable()
    with progress() as on_progress:
        on_progress("reading the data", 0.0)
        reading = stage_of(on_progress, 0.0, 0.05)
        found_data = spec.find_data(data, warn, how, reading)
        started = time.perf_counter()
        served, found = spec.train(
            fitted, found_data, stage_of(on_progress, 0.05, 0.88)
        )
        on_progress("comparing with what answers", 0.93)
        answering, test = compare_with_answering(
            spec, library, fitted, found_data, found
        )
        verdicts = [found.verdict]
        if test is not None and is_worse(test):
            verdicts.append(verdict_of({f"generation {answering}": test}))
        held_back = any(each.is_worse for each in verdicts)
        on_progress("saving", 0.98)
        number = library.add(lambda place: served.save(place, found), not held_back)
    for each in verdicts:
        warn(each.sentence)
    warn(copies_note(found.facts))
    seconds = round(time.perf_counter() - started, 2)
    answer = summary(system, number, found_data.name, found.metrics, seconds)
    lines = [
        f"{system}, generation {number}, learned from {found_data.name} in "
        f"{seconds:.1f} s",
        *(metric_lines(found.metrics) or [f"measured: {found.tested}"]),
        f"saved: {library.folder / number}",
    ]
    if held_back:
        said = [each.sentence for each in verdicts if each.is_worse]
        answer["held_back"] = " ".join(said)
        before = library.current()
        lines.append(
            f"It does not answer: {before or 'none'} does. `lookalike systems activate "
            f"{system} {number}` lets it answer all the same."
        )
    say(answer, json, lines)
