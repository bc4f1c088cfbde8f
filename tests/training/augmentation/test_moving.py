"""Pictures moved, against scipy, numpy and hand."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from torch import Tensor

from glia.training.augmentation.moving import Move, Rotate, Shift, Zoom, resampled, rotated, shifted, zoomed

NUMBER = torch.float64


def pictures(count: int = 3, height: int = 9, width: int = 12, channels: int = 2) -> Tensor:
    return torch.rand(count, channels, height, width, generator=torch.Generator().manual_seed(0), dtype=NUMBER)


def numbers(*values: float) -> Tensor:
    return torch.tensor(values, dtype=NUMBER)


def by_scipy(given: Tensor, places: Tensor) -> np.ndarray:
    """Each channel read at the same places, which scipy counts in rows and columns from the first pixel."""
    exchanged = np.array([[0, 1], [1, 0]])
    middle = (np.array(given.shape[2:]) - 1) / 2
    found = np.empty(given.shape)
    for picture, matrix in enumerate(places.numpy()):
        turning, offset = exchanged @ matrix[:2, :2] @ exchanged, exchanged @ matrix[:2, 2]
        for channel, values in enumerate(given[picture].numpy()):
            start = middle - turning @ middle + offset
            found[picture, channel] = ndimage.affine_transform(values, turning, start, order=1, mode="nearest")
    return found


@pytest.mark.parametrize(
    "places",
    [
        shifted(numbers(0.3, -2.6, 20.0), numbers(-1.2, 0.5, 0.0)),
        rotated(numbers(17.0, -130.0, 180.0)),
        zoomed(numbers(1.7, 0.6, 1.0), numbers(0.8, 3.0, 1.0)),
        shifted(numbers(1.0, 2.5, 0.0), numbers(0.0, -1.0, 3.0))
        @ rotated(numbers(30.0, 45.0, -10.0))
        @ zoomed(numbers(1.2, 1.0, 0.7), numbers(1.2, 1.5, 1.0)),
    ],
    ids=["shift", "rotate", "zoom", "all"],
)
def test_pixels_are_read_where_scipy_reads_them(places: Tensor) -> None:
    given = pictures()
    np.testing.assert_allclose(resampled(given, places).numpy(), by_scipy(given, places), atol=1e-12)


def test_a_shift_by_whole_pixels_copies_them_and_repeats_the_rim() -> None:
    given = pictures(1)
    right = resampled(given, shifted(numbers(3.0), numbers(0.0)))
    torch.testing.assert_close(right[..., 3:], given[..., :-3], rtol=0, atol=1e-12)
    torch.testing.assert_close(right[..., :3], given[..., :1].expand(-1, -1, -1, 3), rtol=0, atol=1e-12)
    down = resampled(given, shifted(numbers(0.0), numbers(2.0)))
    torch.testing.assert_close(down[..., 2:, :], given[..., :-2, :], rtol=0, atol=1e-12)


@pytest.mark.parametrize(("degrees", "quarters"), [(90.0, 1), (180.0, 2), (-90.0, 3)])
def test_quarter_turns_are_against_the_clock(degrees: float, quarters: int) -> None:
    given = pictures(1, 8, 8)
    turned = resampled(given, rotated(numbers(degrees)))
    torch.testing.assert_close(turned, torch.rot90(given, quarters, (2, 3)), rtol=0, atol=1e-12)


def test_a_picture_twice_as_large_shows_its_middle() -> None:
    ramp = torch.arange(8.0, dtype=NUMBER).expand(1, 1, 4, 8).contiguous()
    larger = resampled(ramp, zoomed(numbers(2.0), numbers(1.0)))
    torch.testing.assert_close(larger[0, 0, 0], numbers(1.75, 2.25, 2.75, 3.25, 3.75, 4.25, 4.75, 5.25))


def test_moves_in_a_row_read_pixels_once() -> None:
    """First turned by a quarter, then moved right: what was at the top comes to stand left, and then further right."""
    given = pictures(1, 8, 8)
    places = rotated(numbers(90.0)) @ shifted(numbers(2.0), numbers(0.0))
    expected = torch.rot90(given, 1, (2, 3))[..., :-2]
    torch.testing.assert_close(resampled(given, places)[..., 2:], expected, rtol=0, atol=1e-12)


@given(st.floats(0, 1), st.integers(0, 2**40), st.integers(1, 20), st.integers(1, 30))
def test_shifts_lie_within_their_share_of_each_side(most: float, seed: int, height: int, width: int) -> None:
    places = Shift(most=most).places(torch.zeros(50, 1, height, width), torch.Generator().manual_seed(seed))
    moved = places[:, :2, 2].abs().max(0).values
    assert moved[0] <= most * width
    assert moved[1] <= most * height


@given(st.floats(0, 180), st.integers(0, 2**40))
def test_turns_lie_within_their_degrees(most: float, seed: int) -> None:
    places = Rotate(most=most).places(torch.zeros(50, 1, 4, 4), torch.Generator().manual_seed(seed))
    angles = torch.atan2(places[:, 1, 0], places[:, 0, 0]).rad2deg()
    assert angles.abs().max() <= most + 1e-9
    torch.testing.assert_close(places @ places.mT, torch.eye(3, dtype=NUMBER).expand(50, 3, 3))


@given(st.floats(0, 9), st.floats(0, 9), st.integers(0, 2**40))
def test_sizes_and_forms_lie_within_their_factors(most: float, stretch: float, seed: int) -> None:
    zoom = Zoom(most=most, stretch=stretch)
    places = zoom.places(torch.zeros(50, 1, 4, 4), torch.Generator().manual_seed(seed))
    wider, higher = 1 / places[:, 0, 0], 1 / places[:, 1, 1]
    for factor, limit in (((wider * higher).sqrt(), most), (wider / higher, stretch)):
        assert factor.max() <= (1 + limit) * (1 + 1e-9)
        assert factor.min() >= 1 / (1 + limit) * (1 - 1e-9)


@pytest.mark.parametrize(
    ("move", "drawn"),
    [
        (Shift(most=0.5), lambda places: places[:, :2, 2] / 5),
        (Rotate(most=90), lambda places: places[:, 1, :1]),
        (Zoom(most=1, stretch=1), lambda places: places[:, [0, 1], [0, 1]].log()),
    ],
    ids=["shift", "rotate", "zoom"],
)
def test_each_picture_moves_by_itself_and_either_way_alike(move: Move, drawn: Callable[[Tensor], Tensor]) -> None:
    found = drawn(move.places(torch.zeros(4000, 1, 10, 10), torch.Generator().manual_seed(1)))
    assert len(found.unique(dim=0)) == 4000
    assert found.mean(0).abs().max() < 0.05
