"""The index in tables that can be searched: runs, and facts about them by name.

The rows are not carried over: they are read from the run folders again, and those say more than the old table did.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the index anew."""
    op.drop_table("runs")
    _runs()
    _details()
    op.create_table(
        "names",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("family", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.UniqueConstraint("family", "name"),
    )
    op.create_table(
        "outlines",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("digest", sa.String, nullable=False, unique=True),
        sa.Column("names", sa.JSON, nullable=False),
    )
    op.create_table(
        "facts",
        sa.Column("name", sa.Integer, primary_key=True),
        sa.Column("run", sa.Integer, primary_key=True),
        sa.Column("number", sa.Float),
        sa.Column("text", sa.Text),
        sqlite_with_rowid=False,
    )


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("project", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("parent", sa.String),
        sa.Column("model", sa.String),
        sa.Column("data", sa.String),
        sa.Column("data_version", sa.String, nullable=False),
        sa.Column("said", sa.String, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("ended", sa.Float),
        sa.Column("updated", sa.Float, nullable=False),
        sa.Column("outline", sa.Integer, nullable=False),
        sa.Column("log_changed", sa.Integer, nullable=False),
        sa.Column("settled", sa.Boolean, nullable=False),
    )
    op.create_index("runs_created", "runs", ["created", "outline"])
    op.create_index("runs_project", "runs", ["project", "created"])
    op.create_index("runs_unsettled", "runs", ["settled"], sqlite_where=sa.text("settled IS 0"))


def _details() -> None:
    op.create_table(
        "details",
        sa.Column("run", sa.Integer, primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("params", sa.JSON, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("summary", sa.JSON, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("positions", sa.JSON, nullable=False),
        sa.Column("witness", sa.JSON, nullable=False),
    )
