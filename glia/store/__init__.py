"""The database: an index over the folders, and what has no folder."""
