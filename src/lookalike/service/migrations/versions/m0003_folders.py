"""The images of the user's own folders, which lay in a file beside the generations."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "folder_catalogues",
        sa.Column("system", sa.String(40), primary_key=True),
        sa.Column("embedding_version", sa.String(40), nullable=False),
        sa.Column("recall", sa.Double),
        sa.Column("memory", sa.BigInteger),
    )
    op.create_table(
        "folder_images",
        sa.Column("system", sa.String(40), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("look", sa.LargeBinary, nullable=False),
        sa.Column("tiny", sa.LargeBinary, nullable=False),
        sa.Column("thumbnail", sa.LargeBinary, nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.Column("mark", sa.String(20), nullable=False),
        sa.Column("added", sa.BigInteger, nullable=False),
    )
    op.create_index(
        "folder_images_by_digest", "folder_images", ["system", "digest"], unique=True
    )
    op.create_table(
        "folder_files",
        sa.Column("system", sa.String(40), primary_key=True),
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("path", sa.LargeBinary, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("modified", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String(64)),
        sa.Column("problem", sa.Text),
    )
    op.create_index("folder_files_by_digest", "folder_files", ["system", "digest"])
