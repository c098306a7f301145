"""What a place of a list was drawn from, alarms, and the steps of learning again."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns of exposures, and make the tables."""
    op.add_column("exposures", sa.Column("drawn", sa.Text))
    op.add_column("exposures", sa.Column("drawn_features", sa.LargeBinary))
    op.add_column("exposures", sa.Column("drawn_share", sa.Double))
