"""What may be set about a service, in one place, each with its unit."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

M = TypeVar("M", bound=BaseModel)


class Settings(BaseSettings):
    """Limits of one service; each may be set by ``LOOKALIKE_<NAME>`` too."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        env_prefix="LOOKALIKE_", frozen=True
    )

    state: Path
    """Where the database, snapshots and exports lie."""
    require_key: bool = False
    """Whether every request must carry a key; off for loopback only."""
    trusted_proxies: tuple[str, ...] = ()
    """Names of hosts, without ports, under which a proxy may hand requests on that have
    no key: it keeps strangers away itself."""
    durability: Literal["safe", "fast"] = "safe"
    """"safe" waits for the disk before it acknowledges, "fast" for the operating
    system: that survives a kill of the process, not a power cut."""
    workers: int = Field(default=1, ge=1)
    """Processes that share this service."""
    store: str = ""
    """Where services of one database share the files of generations: a folder that all
    of them reach, or the address of a bucket; "" keeps them on this machine."""
    keep_generations: int = Field(default=5, ge=0)
    """Generations of a system that are kept in the store, beside those that answer or
    that an experiment names; 0 is all."""
    drain_seconds: float = Field(default=1.0, ge=0)
    """Seconds for which a process that is told to end says so before it stops
    listening."""
    shed_early: bool = True
    """Whether requests that are too many are refused before they are parsed."""

    max_body: int = 8 * 2**20
    """Bytes of a request."""
    max_pixels: int = 16_000_000
    """Pixels of an image."""
    max_request_pixels: int = 64_000_000
    """Pixels of all images of one request, counted before any is decoded."""
    max_batch: int = 256
    """Queries, items or images of one request."""
    max_events: int = 5_000
    """Events of one request."""
    max_k: int = 200
    """Answers to one query."""
    max_waiting: int = 128
    """Requests at work in one process; further ones are refused."""
    max_writes: int = 256
    """Write requests that wait for the disk."""
    deadline: float = 2.0
    """Seconds until an answer is late."""
    max_head: int = Field(default=32 * 2**10, ge=1_024)
    """Bytes of a request's first line and fields."""
    head_seconds: float = Field(default=10.0, gt=0)
    """Seconds until those must have arrived."""
    max_idle: int = Field(default=500, ge=1)
    """Connections of one process that wait for a request, or have sent a part of its
    head; one more takes the place of the one that waits longest."""
    body_seconds: float = 10.0
    """Seconds until a request must have arrived."""
    rate: float = 0.0
    """Requests a second of one key; 0 is unlimited."""
    burst: float = 50.0
    """Requests that may come at once where a rate is set."""

    log_requests: bool = False
    """Whether each request is logged, or only those that failed."""
    log_exposures: bool = True
    """Whether what was shown is stored."""
    watch: float = 0.2
    """Seconds between looks at the pointer and the database."""
    refresh: float = 10.0
    """Seconds between looks at what tables and folders are made of."""
    explore: float = Field(default=0.0, ge=0, le=1)
    """Share of lists whose last place, and of searches whose order, is random."""
    compact_after: int = 5_000
    """Changes of items, repeated ones too, that make a new generation; 0 is never."""
    retrain_hours: float = Field(default=0.0, ge=0)
    """Hours after which a system learns again from new events; 0 is on demand."""
    retrain_days: float = Field(default=0.0, ge=0)
    """Days of events that a system learns from, beside its log; 0 is all."""
    canary_share: float = Field(default=0.0, ge=0, le=0.5)
    """Share of requests that a generation that has learned again answers at first; 0
    lets it take over directly."""
    look_hours: float = Field(default=24.0, ge=0)
    """Hours between two looks at a running A/B test; 0 is on demand."""
    drift_hours: float = Field(default=24.0, ge=0)
    """Hours between two looks for drift; 0 is never."""
    label_hours: float = Field(default=1.0, ge=0)
    """Hours after which it is known what was done with a list."""
    alarm_budget: float = Field(default=1.0, gt=0)
    """False alarms of a system in a month."""
    alarm_webhook: str = Field(default="", pattern=r"^(https?://.+)?$", repr=False)
    """The address to which alarms are sent as JSON; "" is none."""
    keep_days: float = Field(default=0.0, ge=0)
    """Days after their arrival for which events and exposures are kept; 0 is ever."""
    snapshot_hours: float = Field(default=0.0, ge=0)
    """Hours between two snapshots that the service takes by itself; 0 is never."""
    keep_snapshots: int = Field(default=7, ge=0)
    """How many of those are kept; 0 is all."""
    cors_origins: tuple[str, ...] = ()
    """Sites whose pages may call the service."""

    @property
    def snapshots(self) -> Path:
        """Where snapshots lie."""
        return self.state / "snapshots"

    @property
    def exports(self) -> Path:
        """Where exports lie."""
        return self.state / "exports"

    @property
    def exports_lock(self) -> Path:
        """Held by whoever writes or deletes exports."""
        return self.exports / ".lock"


def read_file(path: Path) -> dict[str, Any]:
    """Return the settings that a TOML file holds, by name.

    Raises
    ------
    ValueError
        If it is no TOML.
    OSError
        If it cannot be read.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no TOML: {error}.") from None


class ServedAt(BaseModel):
    """What a file may say beside settings: which systems, and where they answer."""

    systems: list[str] | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    database: str | None = None


def served_at(file: Mapping[str, Any]) -> tuple[ServedAt, dict[str, Any]]:
    """Part what a file says of where systems answer from its settings.

    Raises
    ------
    ValueError
        If a value is not good.

    Examples
    --------
    >>> at, settings = served_at({"port": 80, "max_k": 50})
    >>> at.port, settings
    (80, {'max_k': 50})
    """
    where = {n: value for n, value in file.items() if n in ServedAt.model_fields}
    rest = {name: value for name, value in file.items() if name not in where}
    return _checked(ServedAt, where), rest


def chosen_settings(given: Mapping[str, Any], file: Mapping[str, Any]) -> Settings:
    """Return the settings: those given, then the environment's, then a file's.

    Raises
    ------
    ValueError
        If the file names a setting that there is not, or a value is not good.

    Examples
    --------
    >>> chosen_settings({"state": "runs"}, {"max_k": 50}).max_k
    50
    """
    unknown = sorted(set(file) - set(Settings.model_fields))
    if unknown:
        raise ValueError(f"There is no setting {unknown[0]}.")
    said = {name for name in file if f"LOOKALIKE_{name.upper()}" in os.environ}
    known = {name: value for name, value in file.items() if name not in said}
    return _checked(Settings, {**known, **given})


def _checked(kind: type[M], values: Mapping[str, Any]) -> M:
    """Return the values as a model, or refuse the first that is not good."""
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise ValueError(f"The setting {name}: {first['msg']}.") from None
