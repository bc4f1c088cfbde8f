"""What dropout leaves out, drawn for each network of a stack as that network draws it alone.

Letters    M networks, B samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from glia.nn.random import drawing

DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)
"""Layers that multiply by a mask."""


@dataclass(frozen=True)
class Site:
    """A place in a network where dropout stands: what lies there of a batch of one network."""

    shape: tuple[int, ...]  # B first
    stride: tuple[int, ...]  # masks are drawn in the order of memory
    dtype: torch.dtype
    widths: tuple[int, ...] = ()  # of each network where they may differ: the last of its shape, which it draws for


def drawn(
    seeds: Sequence[int], dropouts: Sequence[Sequence[nn.Module | None]], sites: Sequence[Site], device: torch.device
) -> list[Tensor]:
    """The masks of one step, for each site (M, B, ...).

    Args:
        seeds: of the step, one a network.
        dropouts: of each network the layer at each site, in training mode, in the order of drawing; None: none there.
        sites: where they stand; what a network lacks of the greatest width is not drawn.
        device: where the masks are wanted.
    """
    ones = [torch.empty_strided(site.shape, site.stride, dtype=site.dtype, device=device).fill_(1) for site in sites]
    masks = [each.new_ones((len(seeds), *each.shape)) for each in ones]
    scales = [torch.ones(len(seeds), dtype=site.dtype) for site in sites]
    for number, (seed, layers) in enumerate(zip(seeds, dropouts, strict=True)):
        with drawing(seed):
            for layer, one, mask, scale, site in zip(layers, ones, masks, scales, sites, strict=True):
                if layer is None:
                    continue
                own = mask[number]
                if site.widths and site.widths[number] < site.shape[-1]:
                    own, one = (each[..., : site.widths[number]] for each in (own, one))
                    one = one.contiguous()
                if type(layer) is nn.Dropout and 0 < layer.p < 1 and device.type == "cpu" and one.is_contiguous():
                    keeps = 1 - layer.p
                    if own.is_contiguous():
                        own.bernoulli_(keeps)  # the very draws of dropout, in half its time
                    else:
                        own.copy_(torch.empty_like(one).bernoulli_(keeps))
                    scale[number] = 1 / keeps
                else:
                    own.copy_(layer(one))
    if device.type == "cpu":
        for mask, scale in zip(masks, scales, strict=True):
            mask.mul_(scale.view(-1, *[1] * (mask.dim() - 1)))
    return masks
