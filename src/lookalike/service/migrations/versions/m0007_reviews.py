"""Posts that wait for a person, and what was decided of them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "reviews",
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("system", sa.String(40), primary_key=True),
        sa.Column("generation", sa.String(40), nullable=False),
        sa.Column("post", sa.Text, nullable=False),
        sa.Column("picture", sa.LargeBinary, nullable=True),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("appeal", sa.Text, nullable=True),
        sa.Column("skipped", sa.Integer, nullable=False),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.Column("decision", sa.String(10), nullable=True),
        sa.Column("kinds", sa.Text, nullable=True),
        sa.Column("decided", sa.BigInteger, nullable=True),
    )
    columns = ["system", "decision", "value"]
    op.create_index("reviews_by_decision", "reviews", columns)
