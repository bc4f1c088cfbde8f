import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from glia.tracking.log import thinning
from glia.tracking.log.thinning import FEWEST, extremes, keep

values = npst.arrays(
    np.float64, st.integers(0, 3000), elements=st.floats(allow_nan=True, allow_infinity=True, width=32)
)


@given(values=values, points=st.integers(1, 400))
def test_few_points_in_order_with_both_ends_and_both_extremes(values: np.ndarray, points: int) -> None:
    kept = keep(values, points)
    assert len(kept) <= max(points, FEWEST) or len(kept) == len(values)
    assert (np.diff(kept) > 0).all()
    if len(values):
        assert {0, len(values) - 1} <= set(kept.tolist())
        shown, finite = values[kept], values[np.isfinite(values)]
        if len(finite):
            shown = shown[np.isfinite(shown)]
            assert (shown.min(), shown.max()) == (finite.min(), finite.max())
        assert np.isfinite(values).all() == np.isfinite(values[kept]).all()


@pytest.mark.parametrize("place", [0, 1, 49_999, 123_456, 199_999])
def test_a_spike_of_one_point_in_many_survives(place: int) -> None:
    values = np.sin(np.arange(200_000) / 1000)
    values[place] = -50
    assert place in keep(values, 100)


def test_points_that_are_few_enough_are_all_kept() -> None:
    assert keep(np.arange(50.0), 50).tolist() == list(range(50))


def test_each_bucket_keeps_its_least_and_greatest() -> None:
    values = np.tile([0.0, 3.0, -3.0, 1.0], 25)
    assert sorted(set(values[keep(values, 52)])) == [-3.0, 0.0, 1.0, 3.0]


def test_values_that_stand_for_many_get_more_of_the_points() -> None:
    values = np.sin(np.arange(2000.0))
    weights = np.repeat([9.0, 1.0], 1000)
    kept = keep(values, 100, weights)
    assert len(kept) <= 100
    assert 80 < (kept < 1000).sum() < 95
    even = keep(values, 100, np.ones(2000))
    assert 45 < (even < 1000).sum() < 55


@given(values=values, lengths=st.lists(st.integers(1, 50), min_size=1, max_size=60))
def test_extremes_are_found_piece_by_piece(values: np.ndarray, lengths: list[int]) -> None:
    starts = np.concatenate([[0], np.cumsum(lengths)])
    starts = starts[starts < len(values)]
    if not len(values):
        return
    expected = set()
    for start, stop in zip(starts, [*starts[1:], len(values)], strict=True):
        piece = values[start:stop]
        finite = np.isfinite(piece)
        if finite.any():
            expected |= {start + int(np.where(finite, piece, np.inf).argmin())}
            expected |= {start + int(np.where(finite, piece, -np.inf).argmax())}
        if not finite.all():
            expected.add(start + int(finite.argmin()))
    assert set(extremes(values, starts).tolist()) >= expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(thinning, "_AT_ONCE", 64)
        assert set(extremes(values, starts).tolist()) >= expected
