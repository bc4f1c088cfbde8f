"""Which changes a batch goes through while training, by name, and their draws.

Pictures are changed as the network takes them, floats on its device after means and deviations. Every draw follows from
the seed of the step and the name of the augmentation: a resumed run repeats it, and one augmentation more changes
nothing that the others, or dropout, draw.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor

from glia import config
from glia.config import name_and_options
from glia.errors import ConfigError
from glia.nn.random import generator
from glia.training.augmentation.changing import Brightness, Change, Contrast, Crop, Erase, Flip, FlipVertical, Noise
from glia.training.augmentation.mixing import Mixed, Mixup
from glia.training.augmentation.moving import Move, Rotate, Shift, Zoom, resampled

Augmentation: TypeAlias = Move | Change | Mixup

AUGMENTATIONS: dict[str, type[Augmentation]] = {
    "flip": Flip,
    "flip-vertical": FlipVertical,
    "shift": Shift,
    "rotate": Rotate,
    "zoom": Zoom,
    "crop": Crop,
    "brightness": Brightness,
    "contrast": Contrast,
    "erase": Erase,
    "noise": Noise,
    "mixup": Mixup,
}
OF_ANY_SAMPLES = ("noise", "mixup")
NOTHING = "none"

Given: TypeAlias = str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]]


class Augmenting:
    """Changes batches at random, in the order given; what resamples does so together, at the first's turn, mixup last.

    Args:
        given: `train.augment`: names, or tables of a name and options.

    Raises:
        ConfigError: an unknown augmentation or option, an option out of its range, or one augmentation twice.
    """

    def __init__(self, given: Given) -> None:
        self.chosen: dict[str, Augmentation] = {}
        several = [given] if isinstance(given, str | Mapping) else given
        if NOTHING in several:
            raise ConfigError(f"train.augment has '{NOTHING}' beside others, which stands alone. Leave it out.")
        for each in several:
            name, options = name_and_options("augmentation", each, AUGMENTATIONS)
            if name in self.chosen:
                raise ConfigError(f"train.augment has '{name}' twice. Keep one.")
            self.chosen[name] = config.from_dict(AUGMENTATIONS[name], options, f"train.augment.{name}")
        self._moves = {name: each for name, each in self.chosen.items() if isinstance(each, Move)}
        last_moves = list(self._moves)[1:]
        turns = [name for name in self.chosen if name not in last_moves]
        self._turns = sorted(turns, key=lambda name: isinstance(self.chosen[name], Mixup))

    def check(self, shape: Sequence[int]) -> None:
        """Refuse samples, of this shape each, that an augmentation is not for.

        Raises:
            ConfigError: it is for pictures, and these are none.
        """
        for name in self.chosen:
            if name not in OF_ANY_SAMPLES and len(shape) != 3:
                these = f"rows of {shape[0]} numbers" if len(shape) == 1 else f"arrays of the shape {tuple(shape)}"
                raise ConfigError(
                    f"Augmentation '{name}' is for pictures (channels, height, width), and these samples are {these}. "
                    f"Leave it out of train.augment; {' and '.join(OF_ANY_SAMPLES)} are for any samples."
                )

    def __call__(self, inputs: Tensor, targets: Tensor, seed: int) -> tuple[Tensor, Tensor | Mixed]:
        """A batch changed, as new tensors.

        Args:
            inputs: (B, ...) floats as the network takes them.
            targets: (B, ...) encoded.
            seed: of the step.

        Returns:
            The inputs, and the targets, which only mixup changes.
        """
        self.check(inputs.shape[1:])
        channels_last = inputs.dim() == 4 and inputs.is_contiguous(memory_format=torch.channels_last)
        found: Tensor | Mixed = targets
        for name in self._turns:
            each = self.chosen[name]
            if isinstance(each, Move):
                inputs = self._moved(inputs, seed)
            elif isinstance(each, Mixup):
                inputs, found = each(inputs, targets, generator(seed, _purpose(name)))
            else:
                inputs = each(inputs, generator(seed, _purpose(name)))
        return inputs.contiguous(memory_format=torch.channels_last) if channels_last else inputs, found

    def _moved(self, pictures: Tensor, seed: int) -> Tensor:
        """Pictures that went through all moves at once."""
        first, *more = (each.places(pictures, generator(seed, _purpose(name))) for name, each in self._moves.items())
        for places in more:
            first = first @ places
        return resampled(pictures, first)


def augmenting(given: Given) -> Augmenting | None:
    """What `train.augment` asks for; None: nothing.

    Raises:
        ConfigError: as of `Augmenting`.

    Example:
        >>> list(augmenting(["flip", {"name": "shift", "most": 0.2}]).chosen.values())
        [Flip(share=0.5), Shift(most=0.2)]
    """
    return None if given == NOTHING else Augmenting(given)


def _purpose(name: str) -> str:
    return f"augmentation {name}"
