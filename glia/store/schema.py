"""The tables, as the newest migration leaves them. A test compares the two."""

from sqlalchemy import JSON, Boolean, Column, Float, Index, Integer, MetaData, String, Table, Text

REVISION = "0001"
"""Of the newest migration: known here, so that Alembic is only loaded when there is something to do."""

metadata = MetaData()

runs = Table(
    "runs",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("project", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("parent", String),
    Column("said", String, nullable=False),  # the state last written; that of an unfinished run is derived by readers
    Column("reason", Text, nullable=False),
    Column("created", Float, nullable=False),  # seconds since 1970, as all times here
    Column("ended", Float),
    Column("updated", Float, nullable=False),
    Column("data_version", String, nullable=False),
    Column("notes", Text, nullable=False),
    Column("params", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("summary", JSON, nullable=False),
    Column("last", JSON, nullable=False),  # the last value of each metric
    Column("directions", JSON, nullable=False),
    # How to see whether the folder says more than this row, and whether an unfinished run still lives.
    Column("positions", JSON, nullable=False),  # by segment: slots read, salt
    Column("log_changed", Integer, nullable=False),  # nanoseconds since 1970, of the folder `log`
    Column("settled", Boolean, nullable=False),  # nobody writes to these segments any more
    Column("witness", JSON, nullable=False),  # host, boot, pid, start, lock
    Index("runs_created", "created"),
    Index("runs_project", "project", "created"),
)
