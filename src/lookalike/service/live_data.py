"""The data of a service: the log that a system first learned from, and its events."""

from typing import Any

from lookalike.core.manifest import Manifest
from lookalike.core.spec import SystemSpec
from lookalike.service.database import Database
from lookalike.service.database.events import erased_among
from lookalike.service.database.items import changes
from lookalike.service.live_history import everything_done


def log_of(spec: SystemSpec, learned: Manifest) -> Any:
    """Return the log that a generation was first learned from, without events."""
    return spec.find_data(
        learned.data["name"], options=learned.data.get("options") or None
    )


def live_data(
    spec: SystemSpec,
    learned: Manifest,
    database: Database,
    until: int,
    since: int = 0,
) -> Any:
    """Return the log of a generation, with the events that had arrived by then.

    since : microsecond after which they arrived
    """
    data = log_of(spec, learned)
    most = spec.system_class.most_value
    with database.reading() as connection:
        done = [
            each._replace(amount=min(each.amount, most))
            for each in everything_done(connection, spec.name, until, since)
        ]
        gone = erased_among(connection, data.users.tolist())
        items = [
            {"id": each.id, "label": each.label, "attributes": each.attributes or {}}
            for each in changes(connection, spec.name, 0, "")
            if not each.deleted
        ]
    return spec.member("live_data")(data, done, items, gone, until)
