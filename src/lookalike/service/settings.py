"""What may be set about a service, in one place, each with its unit."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Settings:
    """Limits and habits of one service.

    state : where snapshots, exports and shared indexes are put
    require_key : whether every request must carry a key; off for loopback only
    durability : "safe" waits for the disk before it acknowledges, "fast" for the
        operating system: that survives a kill of the process, not a power cut
    """

    state: Path
    require_key: bool = False
    durability: Literal["safe", "fast"] = "safe"
    workers: int = 1  # processes that share this service

    max_body: int = 8 * 2**20  # bytes of a request
    max_pixels: int = 16_000_000  # of an image
    max_batch: int = 256  # queries, items or images of one request
    max_events: int = 5_000  # of one request
    max_k: int = 200
    max_waiting: int = 128  # requests at work in one process; more are refused
    max_writes: int = 256  # write requests that wait for the disk
    deadline: float = 2.0  # seconds until an answer is late
    body_seconds: float = 10.0  # until a request must have arrived
    rate: float = 0.0  # requests a second of one key; 0 is as many as it likes
    burst: float = 50.0  # requests that may come at once where a rate is set

    log_requests: bool = False  # a line for each request, or only for what failed
    log_exposures: bool = True
    watch: float = 0.2  # seconds between looks at the pointer and the database
    refresh: float = 10.0  # seconds between looks at what tables are made of
    explore: float = 0.0  # of lists whose last place, of searches whose order is chance
    fold_after: int = 5_000  # changed items that make a new generation; 0 is never
    keep_days: float = 90.0  # of exposures and events; 0 is for ever
    cors_origins: tuple[str, ...] = ()

    @property
    def snapshots(self) -> Path:
        """Where snapshots lie."""
        return self.state / "snapshots"

    @property
    def exports(self) -> Path:
        """Where exports lie."""
        return self.state / "exports"
