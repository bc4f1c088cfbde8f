"""Networks of any one structure computed as one, by torch.func: nothing is rewritten for a layer.

Letters    M networks, B samples, K outputs.
"""

import copy
import warnings
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from glia.nn.random import drawing_apart
from glia.training.population.masks import DROPOUTS, Site


class Vmapped:
    """Networks of one kind, each applied to its own weights, buffers and masks.

    A layer other than dropout that draws at random is refused (RuntimeError): drawn for all networks at once it would
    not be what each draws alone. So is one that torch cannot map.

    Args:
        models: the networks.
        inputs: (B, ...) a batch of one network, to find where dropout stands.
    """

    def __init__(self, models: Sequence[nn.Module], inputs: Tensor) -> None:
        model = models[0]
        tensors = [*model.parameters(), *model.buffers()]
        places = {id(tensor): place for place, tensor in enumerate(tensors)}
        # Tied weights have several names, but a module that is used twice has one: torch would not restore it.
        self._places = {
            f"{prefix}.{name}" if prefix else name: places[id(tensor)]
            for prefix, module in model.named_modules()
            for name, tensor in (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False))
        }
        self._template, self._masks = copy.deepcopy(model), _Masks()
        self._seen = [name for name, _ in self._visits(inputs)]
        replaced = {id(self._template.get_submodule(name)) for name in self._seen}
        for parent in list(self._template.modules()):
            for name, child in list(parent._modules.items()):
                if id(child) in replaced:
                    setattr(parent, name, _Masked(self._masks))

    def keep(self, places: Sequence[int]) -> None:
        """They differ in nothing that is kept here."""

    def dropouts(self, model: nn.Module) -> list[nn.Module | None]:
        """Of one of the networks, at each site."""
        return [model.get_submodule(name) for name in self._seen]

    def sites(self, inputs: Tensor) -> list[Site]:
        """Where masks are needed, for a batch (B, ...) of one network."""
        return [site for _, site in self._visits(inputs)]

    def __call__(
        self,
        weights: Sequence[Tensor],
        buffers: Sequence[Tensor],
        inputs: Tensor,
        masks: Sequence[Tensor] | None,
        *,
        part: slice,
        apart: bool,
    ) -> Tensor:
        """(M, B, K) what each network puts out; while training, buffers such as running means are changed in place.

        Args:
            weights: (M, ...) each, in the order of the networks' parameters.
            buffers: (M, ...) each, likewise.
            inputs: (M, B, ...) if `apart`, else (B, ...), the same for all networks.
            masks: of each site (M, B, ...) while training; None: they are used, not trained.
            part: which of the networks these are.
            apart: whether networks have inputs of their own.
        """
        self._template.train(masks is not None)

        def one(weights: Sequence[Tensor], buffers: Sequence[Tensor], x: Tensor, masks: Sequence[Tensor]) -> Tensor:
            self._masks.begin(masks)
            tensors = [*weights, *buffers]
            named = {name: tensors[place] for name, place in self._places.items()}
            outputs: Tensor = functional_call(self._template, named, (x,), tie_weights=False)
            return outputs

        places = (0, 0, 0 if apart else None, 0)
        every = (list(weights), list(buffers), inputs, list(masks or ()))
        with warnings.catch_warnings():
            # What torch maps by a loop over the networks is no faster than the networks alone.
            warnings.filterwarnings("error", message=".*performance drop")
            outputs: Tensor = vmap(one, in_dims=places, randomness="error")(*every)
        return outputs

    def _visits(self, inputs: Tensor) -> list[tuple[str, Site]]:
        """The dropouts that a batch passes, in order, and what lies there: found by a dry run."""
        seen: list[tuple[str, Site]] = []
        trial = copy.deepcopy(self._template).train()

        def remember(name: str) -> "torch.utils.hooks.RemovableHandle":
            def hook(module: nn.Module, given: tuple[Tensor]) -> None:
                seen.append((name, Site(tuple(given[0].shape), given[0].stride(), given[0].dtype)))

            return trial.get_submodule(name).register_forward_pre_hook(hook)

        for name, module in list(trial.named_modules()):
            if isinstance(module, (*DROPOUTS, _Masked)):
                remember(name)
        with torch.no_grad(), drawing_apart(0):
            trial(inputs)
        return seen


class _Masks:
    """The masks of the step under way, in the order in which they are asked for."""

    def __init__(self) -> None:
        self._left: Iterator[Tensor] = iter(())

    def begin(self, masks: Sequence[Tensor]) -> None:
        self._left = iter(masks)

    def following(self) -> Tensor | None:
        return next(self._left, None)

    def __deepcopy__(self, memo: object) -> "_Masks":
        return self  # never holds anything between two calls


class _Masked(nn.Module):
    """Dropout by a mask that is given."""

    def __init__(self, masks: _Masks) -> None:
        super().__init__()
        self._masks = masks

    def forward(self, x: Tensor) -> Tensor:
        mask = self._masks.following() if self.training else None
        return x if mask is None else x * mask.to(x.dtype)
