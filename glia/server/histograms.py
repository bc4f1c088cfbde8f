"""Histograms over steps. Each was made on bins of its own; they are shown on shared ones, to be compared."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query
from numpy.typing import NDArray

from glia.server.answers import Histograms, HistogramSeries, Problem
from glia.server.media import media_folder
from glia.server.readers import Open

router = APIRouter(prefix="/runs/{run}", tags=["runs"], responses={404: {"model": Problem}})
MOST_STEPS = 60
BINS = 40


@router.get("/histograms")
def read_histograms(
    run: str, readers: Open, name: Annotated[str, Query(description="Of a medium of the kind `histogram`.")]
) -> Histograms:
    """The histograms of one name over the steps, at most 60 of them. Damaged ones are left out."""
    with readers.open(run) as reader:
        folder = media_folder(reader)
        records = [each for each in reader.media if each.kind == "histogram" and each.name == name]
    found: dict[str, list[_Histogram]] = {}
    for at in _spread(len(records)):
        for inner, histogram in _read(folder / Path(records[at].file).name, records[at].step):
            found.setdefault(inner, []).append(histogram)
    return Histograms(series=[_series(inner, histograms) for inner, histograms in found.items()])


class _Histogram:
    def __init__(self, step: int | None, said: dict[str, Any]) -> None:
        self.step = step
        self.edges = np.asarray(said["edges"], np.float64)
        self.counts = np.asarray(said["counts"], np.float64)
        self.other = int(said.get("other", 0))
        fits = self.edges.ndim == self.counts.ndim == 1 and len(self.edges) == len(self.counts) + 1 > 1
        if not (fits and np.isfinite(self.edges).all() and np.isfinite(self.counts).all()):
            raise ValueError

    def shares(self, edges: NDArray[np.float64]) -> NDArray[np.float64]:
        """The share of the numbers between each two edges, as if they lay evenly within a bin."""
        below = np.concatenate([[0.0], np.cumsum(self.counts)])
        shares: NDArray[np.float64] = np.diff(np.interp(edges, self.edges, below)) / max(below[-1], 1.0)
        return shares


def _read(path: Path, step: int | None) -> Iterator[tuple[str, _Histogram]]:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))["histograms"]
        for name, histogram in said.items():
            yield str(name), _Histogram(step, histogram)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return


def _series(name: str, histograms: list[_Histogram]) -> HistogramSeries:
    counted = [each for each in histograms if each.counts.sum() > 0] or histograms
    low, high = min(each.edges[0] for each in counted), max(each.edges[-1] for each in counted)
    edges = np.linspace(low, high, BINS + 1)
    return HistogramSeries(
        name=name,
        steps=[each.step for each in histograms],
        edges=edges.tolist(),
        shares=[each.shares(edges).round(6).tolist() for each in histograms],
        counts=[int(each.counts.sum()) + each.other for each in histograms],
        other=[each.other for each in histograms],
    )


def _spread(count: int) -> list[int]:
    """At most so many places out of `count`, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, MOST_STEPS)).round().astype(int)).tolist() if count else []
