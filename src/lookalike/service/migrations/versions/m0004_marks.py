"""Marks of images outlive the files, and duplicates are told apart by colour."""

import sqlalchemy as sa
from alembic import op

from lookalike.features.image import read_image
from lookalike.features.perceptual_hash import thumbnail

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table, move the marks into it, and give old thumbnails their colours."""
    op.create_table(
        "folder_marks",
        sa.Column("system", sa.String(40), primary_key=True),
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("mark", sa.String(20), nullable=False),
    )
    op.add_column("folder_images", sa.Column("pixels", sa.String(64)))
    op.add_column("folder_catalogues", sa.Column("duplicates", sa.Boolean))
    op.execute(
        "INSERT INTO folder_marks (system, key, mark) "
        "SELECT system, digest, mark FROM folder_images WHERE mark <> ''"
    )
    op.execute(
        "INSERT INTO folder_marks (system, key, mark) "
        "SELECT f.system, f.key, i.mark FROM folder_files f JOIN folder_images i "
        "ON f.system = i.system AND f.digest = i.digest WHERE i.mark <> ''"
    )
    op.drop_column("folder_images", "mark")
    connection = op.get_bind()
    images = sa.table(
        "folder_images", *map(sa.column, ("system", "number", "thumbnail", "tiny"))
    )
    c = images.c
    numbers = connection.execute(sa.select(c.system, c.number)).all()
    for system, number in numbers:
        this = (c.system == system) & (c.number == number)
        small = connection.execute(sa.select(c.thumbnail).where(this)).scalar_one()
        tiny = thumbnail(read_image(bytes(small), mode="RGB")).tobytes()
        connection.execute(sa.update(images).where(this).values(tiny=tiny))
