"""The registry: every change of the names of models, oldest first."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table of changes."""
    op.create_table(
        "registry",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("time", sa.Float, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("version", sa.Integer),
        sa.Column("run", sa.String, nullable=False),
        sa.Column("alias", sa.String, nullable=False),
        sa.Column("before", sa.Integer),
    )
