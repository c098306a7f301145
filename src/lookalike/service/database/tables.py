"""The tables. What is written here is what the migrations make, and a test says so.

Times are whole microseconds since 1970 in UTC: exact in both databases, and sortable.
Names of events follow the OpenSearch User Behavior Insights schema, version 1.3.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata: MetaData = MetaData()

counters: Table = Table(
    "counters",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

items: Table = Table(
    "items",
    metadata,
    Column("system", String(40), primary_key=True),
    Column("id", String(200), primary_key=True),
    Column("revision", BigInteger, nullable=False),  # one number a change, rising
    Column("deleted", Boolean, nullable=False),
    Column("label", Text, nullable=True),  # JSON
    Column("attributes", Text, nullable=False),  # JSON
    Column("image", LargeBinary, nullable=True),  # a PNG, as the system reads it
    Column("updated", BigInteger, nullable=False),
    Index("items_by_revision", "system", "revision"),
)

vectors: Table = Table(
    "vectors",
    metadata,
    Column("system", String(40), primary_key=True),
    Column("item_id", String(200), primary_key=True),
    Column("embedding_version", String(40), primary_key=True),
    Column("revision", BigInteger, nullable=False),  # of the item it describes
    Column("vector", LargeBinary, nullable=False),  # float32, little endian
)

events: Table = Table(
    "events",
    metadata,
    Column("event_id", String(200), primary_key=True),
    Column("application", String(200), nullable=True),
    Column("action_name", String(100), nullable=False),
    Column("query_id", String(200), nullable=True),
    Column("session_id", String(200), nullable=True),
    Column("client_id", String(200), nullable=True),
    Column("user_id", String(200), nullable=True),
    Column("object_id", String(200), nullable=True),
    Column("position", Integer, nullable=True),
    Column("value", Double, nullable=True),  # seconds of a dwell, price of a purchase
    Column("message_type", String(100), nullable=True),
    Column("message", Text, nullable=True),
    Column("event_attributes", Text, nullable=False),  # JSON
    Column("timestamp", BigInteger, nullable=False),  # when it happened
    Column("received", BigInteger, nullable=False),  # when it was stored
    Index("events_by_time", "timestamp", "event_id"),
    Index("events_by_query", "query_id"),
    Index("events_by_client", "client_id"),
    Index("events_by_user", "user_id"),
)

exposures: Table = Table(
    "exposures",
    metadata,
    Column("query_id", String(200), primary_key=True),
    Column("system", String(40), nullable=False),
    Column("verb", String(20), nullable=False),
    Column("generation", String(40), nullable=False),
    Column("embedding_version", String(40), nullable=False),
    Column("revision", BigInteger, nullable=False),  # of the items that were seen
    Column("session_id", String(200), nullable=True),
    Column("client_id", String(200), nullable=True),
    Column("user_id", String(200), nullable=True),
    Column("features", LargeBinary, nullable=False),  # float32, little endian
    Column("hits", Text, nullable=False),  # JSON: [id, score, propensity], best first
    # What the last place was drawn from; NULL where nothing was left to chance.
    Column("drawn", Text, nullable=True),  # JSON: [id, score], the ranker's order
    Column("drawn_features", LargeBinary, nullable=True),  # float32, of each of them
    Column("drawn_share", Double, nullable=True),  # with which the place explored
    Column("timestamp", BigInteger, nullable=False),
    Index("exposures_by_time", "timestamp", "query_id"),
    Index("exposures_by_client", "client_id"),
    Index("exposures_by_user", "user_id"),
)

experiments: Table = Table(
    "experiments",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("system", String(40), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("definition", Text, nullable=False),  # JSON, see ServedExperiment
    Column("state", String(20), nullable=False),
    Column("reason", Text, nullable=False),  # why it is in this state
    Column("started", BigInteger, nullable=False),
    Column("ended", BigInteger, nullable=True),
)

experiment_steps: Table = Table(
    "experiment_steps",
    metadata,
    Column("experiment", String(100), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("step", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("details", Text, nullable=False),  # JSON: what a look has seen
    Column("timestamp", BigInteger, nullable=False),
)

experiment_exposures: Table = Table(
    "experiment_exposures",
    metadata,
    Column("query_id", String(200), primary_key=True),
    Column("experiment", String(100), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("variant", String(100), nullable=False),
    Column("unit", String(200), nullable=False),  # a user, a session or a query
    Column("generation", String(40), nullable=False),
    Column("milliseconds", Double, nullable=False),
    Column("failed", Boolean, nullable=False),
    Column("details", Text, nullable=False),  # JSON: teams, or how a shadow differs
    Column("timestamp", BigInteger, nullable=False),  # of the decision
    Index("experiment_exposures_by_time", "experiment", "version", "timestamp"),
    Index("experiment_exposures_by_unit", "unit"),
)

monitors: Table = Table(
    "monitors",
    metadata,
    Column("system", String(40), primary_key=True),
    Column("generation", String(40), primary_key=True),
    Column("state", Text, nullable=False),  # JSON: windows, detectors, what was seen
    Column("updated", BigInteger, nullable=False),
)

alarms: Table = Table(
    "alarms",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("system", String(40), nullable=False),
    Column("generation", String(40), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("subject", String(200), nullable=False),  # a feature, or what is watched
    Column("effect", Double, nullable=False),
    Column("p_value", Double, nullable=True),
    Column("sentence", Text, nullable=False),
    Column("raised", BigInteger, nullable=False),
    Column("acknowledged", BigInteger, nullable=True),
    Column("attempts", Integer, nullable=False),  # to deliver it to the webhook
    Column("delivered", BigInteger, nullable=True),
    Index("alarms_by_time", "raised"),
)

loop_steps: Table = Table(
    "loop_steps",
    metadata,
    Column("run", String(32), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("system", String(40), nullable=False),
    Column("step", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("details", Text, nullable=False),  # JSON: what it takes to do it again
    Column("timestamp", BigInteger, nullable=False),
    Index("loop_steps_by_time", "system", "timestamp"),
)

reviews: Table = Table(
    "reviews",
    metadata,
    Column("id", String(200), primary_key=True),  # of the post, or ours
    Column("system", String(40), primary_key=True),
    Column("generation", String(40), nullable=False),  # that judged
    Column("post", Text, nullable=False),  # JSON: text, author, reactions
    Column("picture", LargeBinary, nullable=True),  # as it was sent
    Column("answer", Text, nullable=False),  # JSON
    Column("value", Double, nullable=False),  # of a person's look, in looks
    Column("appeal", Text, nullable=True),  # what the author says against a decision
    Column("skipped", Integer, nullable=False),  # how often
    Column("received", BigInteger, nullable=False),
    Column("decision", String(10), nullable=True),  # "keep" or "remove"; NULL waits
    Column("kinds", Text, nullable=True),  # JSON list, what a person saw
    Column("decided", BigInteger, nullable=True),
    Index("reviews_by_decision", "system", "decision", "value"),
)

handed_out: Table = Table(
    "handed_out",
    metadata,
    Column("system", String(40), primary_key=True),
    Column("user_id", String(200), primary_key=True),
    Column("item_id", String(200), primary_key=True),
    Column("timestamp", BigInteger, nullable=False),
    Index("handed_out_by_user", "user_id"),
)

keys: Table = Table(
    "keys",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("digest", String(64), nullable=False),  # SHA-256 of the secret
    Column("scope", String(10), nullable=False),
    Column("rate", Double, nullable=False),  # requests a second, 0 is no limit
    Column("created", BigInteger, nullable=False),
    Column("revoked", BigInteger, nullable=True),
)

erased: Table = Table(
    "erased",
    metadata,
    Column("digest", String(64), primary_key=True),  # of a salt and the id
    Column("timestamp", BigInteger, nullable=False),
)

generations: Table = Table(
    "generations",
    metadata,
    Column("system", String(40), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("digest", String(64), nullable=False),  # the checksum of system.json
    Column("embedding_version", String(40), nullable=False),
    Column("revision", BigInteger, nullable=False),  # of the items that it holds
    Column("state", String(10), nullable=False),  # "whole" or "retired"
    Column("bytes", BigInteger, nullable=False),
    Column("about", Text, nullable=False),  # JSON: what system.json says
    Column("author", String(200), nullable=False),  # who made it
    Column("reason", Text, nullable=False),  # and why
    Column("created", BigInteger, nullable=False),
    Index("generations_by_digest", "system", "digest", unique=True),
)

generation_moves: Table = Table(
    "generation_moves",
    metadata,
    Column("system", String(40), primary_key=True),
    Column("number", BigInteger, primary_key=True),  # the last one is the pointer
    Column("generation", String(40), nullable=False),
    Column("author", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("timestamp", BigInteger, nullable=False),
)

services: Table = Table(
    "services",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("host", String(200), nullable=False),
    Column("erasures", BigInteger, nullable=False),  # whose copies it has cleaned
    Column("seen", BigInteger, nullable=False),  # when it last said that it runs
)

folder_catalogues = Table(
    "folder_catalogues",
    metadata,
    Column("system", String(40), primary_key=True),
    Column("embedding_version", String(40), nullable=False),  # of all its vectors
    Column("recall", Double, nullable=True),  # of the index; NULL is the system's own
    Column("memory", BigInteger, nullable=True),  # bytes of the index, likewise
    Column("duplicates", Boolean, nullable=True),  # whether all are shown, likewise
)

folder_images = Table(
    "folder_images",
    metadata,
    Column("system", String(40), primary_key=True),
    Column("number", BigInteger, primary_key=True),  # rising, never used again
    Column("digest", String(64), nullable=False),  # SHA-256 of the file
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("look", LargeBinary, nullable=False),  # perceptual hash, 8 bytes
    Column("tiny", LargeBinary, nullable=False),  # 16 by 16 cells in colour
    Column("pixels", String(64), nullable=True),  # SHA-256 of them; NULL is not known
    Column("thumbnail", LargeBinary, nullable=False),  # PNG or JPEG
    Column("vector", LargeBinary, nullable=False),  # float32, little endian
    Column("added", BigInteger, nullable=False),
    Index("folder_images_by_digest", "system", "digest", unique=True),
)

folder_marks = Table(
    "folder_marks",
    metadata,
    Column("system", String(40), primary_key=True),
    # SHA-256 of the path, of the file or of the pixels: a mark follows each of them,
    # and stays when they are gone for a time.
    Column("key", String(64), primary_key=True),
    Column("mark", String(20), nullable=False),  # "blocked" or "private"
)

folder_files = Table(
    "folder_files",
    metadata,
    Column("system", String(40), primary_key=True),
    # SHA-256 of the path, which may be longer than a key of PostgreSQL can be.
    Column("key", String(64), primary_key=True),
    Column("path", LargeBinary, nullable=False),  # some names are no text
    Column("size", BigInteger, nullable=False),  # bytes
    Column("modified", BigInteger, nullable=False),  # nanoseconds since 1970
    Column("digest", String(64), nullable=True),  # of the image in it
    Column("problem", Text, nullable=True),  # why there is none
    Index("folder_files_by_digest", "system", "digest"),
)
