"""The tables, as the newest migration leaves them. A test compares the two."""

from sqlalchemy import JSON, Boolean, Column, Float, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

REVISION = "0003"
"""Of the newest migration: known here, so that Alembic is only loaded when there is something to do."""

metadata = MetaData()

# The index of runs: a copy of what the folders say, which can be made anew from them.

runs = Table(
    "runs",
    metadata,
    Column("number", Integer, primary_key=True),  # stands for the run in the other tables: shorter than its id
    Column("id", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("project", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("parent", String),
    Column("model", String),  # family, or family/size
    Column("data", String),
    Column("data_version", String, nullable=False),
    Column("said", String, nullable=False),  # the state last written; that of an unfinished run is derived by readers
    Column("created", Float, nullable=False),  # seconds since 1970, as all times here
    Column("ended", Float),
    Column("updated", Float, nullable=False),
    Column("outline", Integer, nullable=False),
    # How to see whether the folder says more than this row.
    Column("log_changed", Integer, nullable=False),  # nanoseconds since 1970, of the folder `log`
    Column("settled", Boolean, nullable=False),  # nobody writes to these segments any more
    # Outline, so that neither sorting by a fact nor counting by outline reads the table.
    Index("runs_created", "created", "outline"),
    Index("runs_project", "project", "created"),
)
Index("runs_unsettled", runs.c.settled, sqlite_where=runs.c.settled.is_(False))  # few of them, and asked for each time

details = Table(  # what is only looked at once a run is found: apart, so that many rows of `runs` fit into a page
    "details",
    metadata,
    Column("run", Integer, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("params", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("summary", JSON, nullable=False),
    Column("words", Text, nullable=False),  # in lower case, all that a search for words looks through
    Column("positions", JSON, nullable=False),  # by segment: slots read, salt
    Column("witness", JSON, nullable=False),  # host, boot, pid, start, lock: how to see whether the run lives
)

names = Table(
    "names",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("family", String, nullable=False),  # metrics, summary, params, tags
    Column("name", String, nullable=False),
    UniqueConstraint("family", "name"),
)

outlines = Table(  # the names that a run has facts of; most runs of a project share one
    "outlines",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String, nullable=False, unique=True),
    Column("names", JSON, nullable=False),  # pairs in the order in which they came: id of the name, direction
)

facts = Table(  # last values, params, tags, summaries: those of one name lie together, by run
    "facts",
    metadata,
    Column("name", Integer, primary_key=True),
    Column("run", Integer, primary_key=True),
    Column("number", Float),
    Column("text", Text),  # NaN, which SQLite cannot keep as a number, is the text "NaN"
    sqlite_with_rowid=False,
)

registry = Table(
    "registry",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("time", Float, nullable=False),
    Column("by", String, nullable=False),
    Column("name", String, nullable=False),
    Column("version", Integer),
    Column("run", String, nullable=False),
    Column("alias", String, nullable=False),
    Column("before", Integer),
)
