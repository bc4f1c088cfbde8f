"""What a recipe may ask for, and the draws: of the step, each augmentation's its own."""

from typing import Any

import pytest
import torch
from torch import Tensor

from glia.errors import ConfigError
from glia.nn.random import generator
from glia.training.augmentation.augmenting import AUGMENTATIONS, OF_ANY_SAMPLES, Augmenting, augmenting
from glia.training.augmentation.changing import Flip
from glia.training.augmentation.mixing import Mixed
from glia.training.augmentation.moving import Rotate, Shift, Zoom, resampled
from tests.training.parts import settings

EVERYTHING = list(AUGMENTATIONS)


def pictures(dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    return torch.randn(16, 3, 12, 10, generator=torch.Generator().manual_seed(0), dtype=dtype), torch.arange(16)


def changed(given: Any, seed: int = 7, inputs: Tensor | None = None) -> Tensor:
    return Augmenting(given)(pictures()[0] if inputs is None else inputs, pictures()[1], seed)[0]


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("none", "none"),
        ([], "none"),
        ("", "none"),
        (["none"], "none"),
        ("flip", ("flip",)),
        ("flip, shift", ("flip", "shift")),
        (["flip", {"name": "shift", "most": 0.1}], ("flip", {"name": "shift", "most": 0.1})),
        ({"name": "noise", "deviation": 0.2}, ({"name": "noise", "deviation": 0.2},)),
    ],
    ids=str,
)
def test_a_recipe_has_one_writing_for_one_meaning(given: Any, read: Any) -> None:
    recipe = settings(augment=given)
    assert recipe.augment == read
    assert (augmenting(recipe.augment) is None) == (read == "none")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("flipp", "Unknown augmentation 'flipp'. Did you mean 'flip'?"),
        (["flip", "none"], "train.augment has 'none' beside others, which stands alone. Leave it out"),
        ("none, flip", "train.augment has 'none' beside others"),
        (["flip", "Flip"], "train.augment has 'flip' twice. Keep one."),
        ({"most": 0.1}, "An augmentation is a name or a table with a name such as {name = 'flip'}"),
        ({"name": "shift", "mots": 0.1}, "Unknown setting 'train.augment.shift.mots'. Did you mean 'most'?"),
        ({"name": "shift", "most": 1.5}, "train.augment.shift.most should be less than or equal to 1, not 1.5"),
        ({"name": "rotate", "most": "far"}, "train.augment.rotate.most should be a valid number, not 'far'"),
        ({"name": "erase", "least": 0.5}, "'erase': least=0.5 is above most=0.25. Exchange them."),
    ],
    ids=str,
)
def test_what_is_refused(given: Any, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        augmenting(settings(augment=given).augment)
    assert message in str(refused.value)


def test_what_is_no_augmentation_at_all_is_refused_by_the_recipe() -> None:
    with pytest.raises(ConfigError, match=r"train\.augment should be .*, not 3"):
        settings(augment=3)


@pytest.mark.parametrize("name", EVERYTHING)
@pytest.mark.parametrize(("shape", "these"), [((13,), "rows of 13 numbers"), ((5, 3), r"arrays of the shape \(5, 3\)")])
def test_what_is_for_pictures_refuses_other_samples(name: str, shape: tuple[int, ...], these: str) -> None:
    samples, targets = torch.randn(4, *shape), torch.zeros(4)
    if name in OF_ANY_SAMPLES:
        assert Augmenting(name)(samples, targets, 0)[0].shape == samples.shape
        return
    with pytest.raises(ConfigError, match=f"'{name}' is for pictures .* these samples are {these}"):
        Augmenting(name)(samples, targets, 0)


@pytest.mark.parametrize("name", EVERYTHING)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_each_is_a_pure_function_of_batch_and_seed(name: str, dtype: torch.dtype, layout: Any) -> None:
    inputs = pictures(dtype)[0].contiguous(memory_format=layout)
    before, state = inputs.clone(), torch.default_generator.get_state()
    found = changed(name, inputs=inputs)
    assert (found.dtype, found.shape) == (dtype, inputs.shape)
    assert found.is_contiguous(memory_format=layout)
    assert not torch.equal(found, inputs)
    assert torch.equal(inputs, before)
    assert torch.equal(torch.default_generator.get_state(), state), "dropout draws what it would draw without"
    assert torch.equal(changed(name, inputs=inputs), found)
    assert not torch.equal(changed(name, seed=8, inputs=inputs), found)


def test_draws_do_not_depend_on_the_other_augmentations() -> None:
    seed = 7
    flipped = changed("flip", seed)
    assert torch.equal(changed(["flip", "contrast"], seed), changed("contrast", seed, flipped))
    assert torch.equal(changed(["flip", "erase", "crop"], seed), changed("crop", seed, changed("erase", seed, flipped)))


def test_what_resamples_does_so_once_at_the_turn_of_the_first() -> None:
    seed, (given, _) = 7, pictures()
    both = Augmenting(["shift", "flip", "zoom", "rotate"])
    shift, zoom, rotate = (
        move.places(given, generator(seed, f"augmentation {name}"))
        for name, move in (("shift", Shift()), ("zoom", Zoom()), ("rotate", Rotate()))
    )
    moved = resampled(given, shift @ zoom @ rotate)
    assert torch.equal(both(given, torch.zeros(16), seed)[0], changed("flip", seed, moved))
    assert isinstance(both.chosen["flip"], Flip)


def test_mixup_comes_last_and_keeps_the_targets() -> None:
    inputs, targets = pictures()
    found, mixed = Augmenting(["mixup", "flip"])(inputs, targets, 3)
    assert isinstance(mixed, Mixed)
    assert torch.equal(mixed.own, targets)
    assert torch.equal(found, changed("mixup", 3, changed("flip", 3)))
    assert Augmenting("flip")(inputs, targets, 3)[1] is targets


@pytest.mark.gpu
@pytest.mark.parametrize("name", [name for name in EVERYTHING if name != "noise"])
def test_a_gpu_changes_batches_as_the_cpu_does(name: str) -> None:
    inputs, targets = pictures()
    found, _ = Augmenting(name)(inputs.cuda(), targets.cuda(), 5)
    torch.testing.assert_close(found.cpu(), changed(name, 5), rtol=1e-4, atol=1e-4)


@pytest.mark.gpu
def test_noise_on_a_gpu_is_drawn_there_and_repeated() -> None:
    inputs = torch.zeros(64, 3, 32, 32, device="cuda")
    first, second = (Augmenting("noise")(inputs, inputs[:, 0, 0, 0], 5)[0] for _ in range(2))
    assert torch.equal(first, second)
    assert float(first.std()) == pytest.approx(0.1, rel=0.02)
