"""Items, vectors, events, exposures and keys."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "counters",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "items",
        sa.Column("system", sa.String(40), primary_key=True),
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.Column("label", sa.Text),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.Column("image", sa.LargeBinary),
        sa.Column("updated", sa.BigInteger, nullable=False),
    )
    op.create_index("items_by_revision", "items", ["system", "revision"])
    op.create_table(
        "vectors",
        sa.Column("system", sa.String(40), primary_key=True),
        sa.Column("item_id", sa.String(200), primary_key=True),
        sa.Column("embedding_version", sa.String(40), primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("event_id", sa.String(200), primary_key=True),
        sa.Column("application", sa.String(200)),
        sa.Column("action_name", sa.String(100), nullable=False),
        sa.Column("query_id", sa.String(200)),
        sa.Column("session_id", sa.String(200)),
        sa.Column("client_id", sa.String(200)),
        sa.Column("user_id", sa.String(200)),
        sa.Column("object_id", sa.String(200)),
        sa.Column("position", sa.Integer),
        sa.Column("value", sa.Double),
        sa.Column("message_type", sa.String(100)),
        sa.Column("message", sa.Text),
        sa.Column("event_attributes", sa.Text, nullable=False),
        sa.Column("timestamp", sa.BigInteger, nullable=False),
        sa.Column("received", sa.BigInteger, nullable=False),
    )
    op.create_index("events_by_time", "events", ["timestamp", "event_id"])
    op.create_index("events_by_query", "events", ["query_id"])
    op.create_index("events_by_client", "events", ["client_id"])
    op.create_index("events_by_user", "events", ["user_id"])
    op.create_table(
        "exposures",
        sa.Column("query_id", sa.String(200), primary_key=True),
        sa.Column("system", sa.String(40), nullable=False),
        sa.Column("verb", sa.String(20), nullable=False),
        sa.Column("generation", sa.String(40), nullable=False),
        sa.Column("embedding_version", sa.String(40), nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("session_id", sa.String(200)),
        sa.Column("client_id", sa.String(200)),
        sa.Column("user_id", sa.String(200)),
        sa.Column("features", sa.LargeBinary, nullable=False),
        sa.Column("hits", sa.Text, nullable=False),
        sa.Column("timestamp", sa.BigInteger, nullable=False),
    )
    op.create_index("exposures_by_time", "exposures", ["timestamp", "query_id"])
    op.create_index("exposures_by_client", "exposures", ["client_id"])
    op.create_index("exposures_by_user", "exposures", ["user_id"])
    op.create_table(
        "keys",
        sa.Column("id", sa.String(20), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("scope", sa.String(10), nullable=False),
        sa.Column("rate", sa.Double, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("revoked", sa.BigInteger),
    )
