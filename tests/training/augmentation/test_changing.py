"""Pixels and numbers changed where they stand, against numpy and hand."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator, Tensor

from glia.errors import ConfigError
from glia.training.augmentation.changing import Brightness, Contrast, Crop, Erase, Flip, FlipVertical, Noise

NUMBER = torch.float64


def pictures(count: int = 200, channels: int = 2, height: int = 6, width: int = 8) -> Tensor:
    return torch.rand(count, channels, height, width, generator=draws(0), dtype=NUMBER) + 1


def draws(seed: int) -> Generator:
    return Generator().manual_seed(seed)


@pytest.mark.parametrize(("flip", "axis"), [(Flip, 3), (FlipVertical, 2)])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_share_of_pictures_is_mirrored_to_the_last_bit(flip: type[Flip], axis: int, share: float) -> None:
    given = pictures(2000)
    found = flip(share=share)(given, draws(1)).numpy()
    mirrored = np.flip(given.numpy(), axis)
    is_mirrored = (found == mirrored).all((1, 2, 3))
    assert np.array_equal(found[~is_mirrored], given.numpy()[~is_mirrored])
    assert is_mirrored.mean() == pytest.approx(share, abs=0.04)


@pytest.mark.parametrize("pixels", [0, 1, 4])
def test_a_crop_is_a_window_of_the_widened_picture(pixels: int) -> None:
    given = pictures(300)
    found = Crop(pixels=pixels)(given, draws(2)).numpy()
    sides = ((0, 0), (0, 0), (pixels, pixels), (pixels, pixels))
    wide = np.pad(given.numpy(), sides, mode="edge")
    seen = set()
    for picture, original in zip(found, wide, strict=True):
        places = [(top, left) for top in range(2 * pixels + 1) for left in range(2 * pixels + 1)]
        hits = [place for place in places if np.array_equal(picture, _window(original, *place))]
        assert hits
        seen.add(hits[0])
    assert len(seen) > 0.9 * len(places)


def _window(picture: np.ndarray, top: int, left: int) -> np.ndarray:
    return picture[:, top : top + 6, left : left + 8]


def test_a_crop_that_would_leave_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"pixels=6 could move these pictures of 6 x 8 .* Use at most 5"):
        Crop(pixels=6)(pictures(1), draws(0))


def test_brightness_adds_one_number_to_a_picture() -> None:
    given = pictures(1000)
    added = (Brightness(most=0.5)(given, draws(3)) - given).flatten(1)
    assert added.std(1).max() < 1e-12
    assert 0.49 < added.max() <= 0.5
    assert -0.5 <= added.min() < -0.49


def test_contrast_keeps_means_and_scales_what_differs_from_them() -> None:
    given = pictures(1000)
    found = Contrast(most=1.0)(given, draws(4))
    torch.testing.assert_close(found.mean((2, 3)), given.mean((2, 3)))
    factors = found.std((2, 3)) / given.std((2, 3))  # B C
    torch.testing.assert_close(factors[:, 0], factors[:, 1])
    assert 1.97 < factors.max() <= 2 + 1e-9
    assert 0.5 - 1e-9 <= factors.min() < 0.51


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 2**40))
def test_a_rectangle_is_hidden_and_nothing_else(one: float, other: float, seed: int) -> None:
    given, (least, most) = pictures(30), sorted((one, other))
    found = Erase(share=1.0, least=least, most=most)(given, draws(seed))
    hidden = (found == 0).numpy()
    assert torch.equal(found[~torch.from_numpy(hidden)], given[~torch.from_numpy(hidden)])
    assert (hidden[:, 0] == hidden[:, 1]).all()
    for each in hidden[:, 0]:
        rows, columns = each.any(1), each.any(0)
        assert np.array_equal(each, rows[:, None] & columns)
        for side in (rows, columns):
            assert side.any()
            assert np.abs(np.diff(side.astype(int))).sum() + side[0] + side[-1] == 2, "in one piece"


def test_rectangles_have_the_area_and_sides_asked_for_and_lie_anywhere() -> None:
    found = Erase(share=0.5, least=0.04, most=0.25)(torch.ones(4000, 1, 100, 100), draws(5))
    hidden = (found == 0)[:, 0]
    areas = hidden.double().mean((1, 2))
    assert (areas > 0).double().mean() == pytest.approx(0.5, abs=0.03)
    areas = areas[areas > 0]
    assert 0.039 < areas.min() < 0.045
    assert 0.24 < areas.max() < 0.255
    assert areas.mean() == pytest.approx(0.145, abs=0.005)
    form = hidden.any(2).sum(1) / hidden.any(1).sum(1).clamp(min=1)
    assert 3.0 < form.max() < 3.8
    often = hidden.double().mean(0)
    assert often[50, 50] > often[0, 0] > 0
    assert often.flip(0).sub(often).abs().max() < 0.05


def test_erasing_with_the_ends_exchanged_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"least=0.5 is above most=0.2. Exchange them"):
        Erase(least=0.5, most=0.2)


@pytest.mark.parametrize("shape", [(4000, 13), (40, 3, 10, 10), (500, 7, 3)])
def test_noise_is_normal_of_its_deviation(shape: tuple[int, ...]) -> None:
    given = torch.ones(shape, dtype=torch.float32)
    added = (Noise(deviation=0.3)(given, draws(6)) - given).flatten()
    assert added.dtype == torch.float32
    assert added.std() == pytest.approx(0.3, rel=0.03)
    assert added.mean().abs() < 0.01
    assert (added.abs() < 0.3).double().mean() == pytest.approx(0.683, abs=0.02)
    assert torch.equal(Noise(deviation=0.0)(given, draws(6)), given)
