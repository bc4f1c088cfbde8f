"""A Parquet table with every kind of column, made by code, for the tests of streaming."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def columns(rows: int, seed: int = 0) -> dict[str, object]:
    """Numbers, texts, booleans, dates as text; gaps, an infinite value, integers beyond 2⁵³, an id, two targets."""
    draw = np.random.default_rng(seed)
    x, k = draw.normal(size=rows) * 3 + 100, draw.integers(0, 9, rows)
    colour = np.array(["red", "green", "blue", None], object)[draw.integers(0, 4, rows)]
    infinite = draw.normal(size=rows)
    infinite[3] = np.inf
    label = np.where((x > 100) ^ (colour == "red"), "yes", "no").astype(object)
    label[draw.random(rows) < 0.02] = None
    return {
        "x": x,
        "gap": np.where(draw.random(rows) < 0.1, np.nan, x),
        "k": k,
        "k or none": pa.array([None if value == 3 else int(value) for value in k], pa.int32()),
        "small": draw.normal(size=rows).astype(np.float32),
        "big": draw.integers(2**60, 2**60 + 1000, rows),
        "infinite": infinite,
        "colour": pa.array(colour.tolist()),
        "flag": pa.array([None if value == 2 else bool(value % 2) for value in k]),
        "when": pa.array([f"2024-01-{1 + int(day):02d} 10:00:00" for day in draw.integers(0, 28, rows)]),
        "id": np.arange(rows),
        "code": [f"u{number}" for number in range(rows)],
        "label": pa.array(label.tolist()),
        "amount": x * 2 + k + draw.normal(size=rows),
    }


def write(path: Path, given: dict[str, object], group: int = 100) -> Path:
    """A Parquet file of row groups of so many rows."""
    pq.write_table(pa.table(given), path, row_group_size=group)
    return path
