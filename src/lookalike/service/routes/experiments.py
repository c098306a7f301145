"""``/v1/experiments``: start one, raise its coverage, look at it, end it."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query

from lookalike.experiment import assign
from lookalike.service.components import Components
from lookalike.service.database import experiments as stored
from lookalike.service.database.experiments import StoredExperiment
from lookalike.service.errors import ServiceError
from lookalike.service.experiment_changes import (
    new_experiment,
    start_experiment,
    stop_experiment,
)
from lookalike.service.experiment_results import about, document, look
from lookalike.service.routes.access import needs, new_router
from lookalike.service.routes.generations import in_thread
from lookalike.service.schemas import (
    CoverageRequest,
    ExperimentRequest,
    ItemId,
    StopRequest,
)

_OF_ALL = {"key", "system", "kind", "version"}
"""Fields of a request that every kind has."""


def experiments(components: Components) -> APIRouter:
    """Return the routes."""
    router = new_router(components, "/v1/experiments", "experiments")
    admin: Any = {"dependencies": [needs(components, "admin")]}
    reads: Any = {"dependencies": [needs(components, "read")]}

    @router.get("", **reads)
    async def list_experiments() -> dict[str, Any]:
        """Every experiment, the latest first."""
        return await asyncio.to_thread(_listed, components)

    @router.post("", status_code=201, **admin)
    async def start(sent: ExperimentRequest) -> dict[str, Any]:
        """Let an experiment run; nothing but its coverage may change from then on."""
        return await _done(components, _started, components, sent)

    @router.get("/{key}", **reads)
    async def read(key: ItemId) -> dict[str, Any]:
        """What it is, every step with its reason, and what was seen so far."""
        return await _read(components, key)

    @router.post("/{key}/coverage", **admin)
    async def ramp(key: ItemId, sent: CoverageRequest) -> dict[str, Any]:
        """Raise the share of the units that are in it; it moves nobody."""
        return await _done(components, _ramped, components, key, sent.coverage)

    @router.post("/{key}/look", **admin)
    async def look_at(key: ItemId) -> dict[str, Any]:
        """Look at an A/B test, and write down what was seen."""
        found = await _found(components, key)
        await asyncio.to_thread(components.writer.settle)
        await in_thread(look, components.database, found)
        return await _read(components, key)

    @router.post("/{key}/stop", **admin)
    async def stop(key: ItemId, sent: StopRequest) -> dict[str, Any]:
        """End it; the generation of a winner answers everybody."""
        return await _done(components, _stopped, components, key, sent)

    @router.get("/{key}/assignment", **reads)
    async def assignment(
        key: ItemId, unit: Annotated[str, Query(min_length=1, max_length=200)]
    ) -> dict[str, Any]:
        """Which variant a user, a session or a query sees; null is none."""
        found = await _found(components, key)
        design = found.served.design
        said = {"key": key, "version": design.version, "unit": unit}
        return {**said, "variant": assign(design, unit)}

    return router


async def _done(
    components: Components, work: Callable[..., str], *args: Any
) -> dict[str, Any]:
    """Change an experiment, let every worker know, and return it as it is then."""
    try:
        key = await in_thread(work, *args)
    except LookupError as error:
        raise ServiceError(404, str(error.args[0])) from None
    await asyncio.to_thread(components.experiments.announce)
    return await _read(components, key)


def _started(components: Components, sent: ExperimentRequest) -> str:
    fields = sent.model_dump(exclude_unset=True, exclude_none=True, exclude=_OF_ALL)
    new = new_experiment(sent.key, sent.system, sent.kind, sent.version, fields)
    start_experiment(components.database, components.libraries, new)
    return new.key


def _ramped(components: Components, key: str, coverage: float) -> str:
    with components.database.writing() as connection:
        stored.ramp(connection, key, coverage)
    return key


def _stopped(components: Components, key: str, sent: StopRequest) -> str:
    which = stop_experiment(
        components.database, components.libraries, key, sent.reason, sent.winner
    )
    components.served[which.system].watch()
    return key


async def _found(components: Components, key: str) -> StoredExperiment:
    def find() -> list[StoredExperiment]:
        with components.database.reading() as connection:
            return stored.stored(connection, key)

    found = await asyncio.to_thread(find)
    if not found:
        raise ServiceError(404, f"There is no experiment {key!r}.")
    return found[0]


async def _read(components: Components, key: str) -> dict[str, Any]:
    found = await _found(components, key)
    await asyncio.to_thread(components.writer.settle)
    return await asyncio.to_thread(_document, components, found)


def _document(components: Components, found: StoredExperiment) -> dict[str, Any]:
    with components.database.reading() as connection:
        return document(connection, found)


def _listed(components: Components) -> dict[str, Any]:
    with components.database.reading() as connection:
        found = stored.stored(connection)
    served = components.served
    return {"experiments": [about(e) for e in found if e.served.system in served]}
