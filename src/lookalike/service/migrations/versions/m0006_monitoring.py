"""What a place of a list was drawn from, alarms, and the steps of learning again."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns of exposures, and make the tables."""
    op.add_column("exposures", sa.Column("drawn", sa.Text))
    op.add_column("exposures", sa.Column("drawn_features", sa.LargeBinary))
    op.add_column("exposures", sa.Column("drawn_share", sa.Double))
    op.create_table(
        "monitors",
        sa.Column("system", sa.String(40), primary_key=True),
        sa.Column("generation", sa.String(40), primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "alarms",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("system", sa.String(40), nullable=False),
        sa.Column("generation", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("effect", sa.Double, nullable=False),
        sa.Column("p_value", sa.Double, nullable=True),
        sa.Column("sentence", sa.Text, nullable=False),
        sa.Column("raised", sa.BigInteger, nullable=False),
        sa.Column("acknowledged", sa.BigInteger, nullable=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("delivered", sa.BigInteger, nullable=True),
    )
    op.create_index("alarms_by_time", "alarms", ["raised"])
    op.create_table(
        "loop_steps",
        sa.Column("run", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("system", sa.String(40), nullable=False),
        sa.Column("step", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("timestamp", sa.BigInteger, nullable=False),
    )
    op.create_index("loop_steps_by_time", "loop_steps", ["system", "timestamp"])
