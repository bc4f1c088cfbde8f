"""Networks of one kind as one: their weights in stacks, and a step of all of them.

Letters    M networks, B samples, K outputs.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from glia.training import devices, optimizers
from glia.training.checkpoint import Checkpoint
from glia.training.population.chain import Chain
from glia.training.population.constraints import Constraints
from glia.training.population.individuals import Individual
from glia.training.population.kinds import structure_of_any
from glia.training.population.losses import Losses
from glia.training.population.masks import Site, drawn
from glia.training.population.optimizer import StackedOptimizer
from glia.training.population.padding import greatest, kept, own, stacked
from glia.training.population.rows import row_of
from glia.training.population.vmapped import Vmapped


class Networks(Protocol):
    """What the networks of a stack compute."""

    def keep(self, places: Sequence[int]) -> None:
        """Go on with the networks at these places only."""

    def dropouts(self, model: nn.Module) -> list[nn.Module | None]:
        """Of one of the networks, at each site."""

    def sites(self, inputs: Tensor) -> list[Site]:
        """Where masks are needed, for a batch (B, ...) of one network."""

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
        """(M, B, K) what each network in `part` puts out; `masks` while training, None in use."""


class Stack:
    """The weights of M networks and everything that changes with them.

    Those of smaller networks are filled up with zeros, and zeros they stay: whatever reaches them is 0 as well.

    Args:
        individuals: of one kind.
        inputs: (B, ...) a batch of one of them.
        targets: (B, ...) its targets.
        remark: hears what all of them should know.

    Raises:
        ConfigError: settings that an optimizer refuses.
        RuntimeError: they cannot be computed as one.
        UserWarning: likewise.
    """

    def __init__(
        self, individuals: Sequence[Individual], inputs: Tensor, targets: Tensor, remark: Callable[[str], None]
    ) -> None:
        models = [individual.model for individual in individuals]
        settings = [individual.settings for individual in individuals]
        self._models, self._remark = models, remark
        for individual in individuals:
            individual.model.train()  # so that its dropouts draw
            if individual.state is not None:
                individual.model.load_state_dict(individual.state.model)
        self.device = next(models[0].parameters()).device
        self._networks = networks_of(models, inputs)
        self._dropouts = [self._networks.dropouts(model) for model in models]
        self._sites: dict[int, list[Site]] = {}
        self._weights = [
            stacked([each.detach() for each in same]).requires_grad_(same[0].requires_grad)
            for same in zip(*(model.parameters() for model in models), strict=True)
        ]
        self._buffers = [torch.stack(same) for same in zip(*(model.buffers() for model in models), strict=True)]
        self._best = [each.detach().clone() for each in (*self._weights, *self._buffers)]
        built = [optimizers.build(model, its) for model, its in zip(models, settings, strict=True)]
        self._optimizer = StackedOptimizer(models, built, settings, [each.detach() for each in self._weights])
        self._constraints = Constraints(models, settings, self.device)
        self._losses = Losses([individual.task for individual in individuals], self.device)
        self._width = len(models)  # how many are computed at once
        for place, individual in enumerate(individuals):
            if individual.state is not None:
                self._restore(place, individual.state)
        if isinstance(self._networks, Vmapped):
            self._try_out(inputs, targets)

    def __len__(self) -> int:
        return len(self._models)

    @property
    def draws(self) -> bool:
        """Whether there is dropout in any of the networks."""
        return any(layer is not None for layers in self._dropouts for layer in layers)

    def learn(
        self,
        inputs: Tensor,
        targets: Tensor,
        rates: Tensor,
        number: int,
        *,
        seeds: Sequence[int],
        apart: bool,
        counts: Sequence[int] = (),
    ) -> tuple[Tensor, Tensor]:
        """Take one step of every network.

        Args:
            inputs: (M, B, ...) if `apart`, else (B, ...), the same for all.
            targets: likewise.
            rates: (M,) learning rates, or (1,) of all alike.
            number: of the step, from 1.
            seeds: of the step, one a network, if there is dropout.
            apart: whether networks have samples of their own.
            counts: how many of the B each network learns from, where they differ; they are apart then.

        Returns:
            Losses (M,) and outputs (M, B, K) before the step, 0 of samples that do not count.
        """

        def of(part: slice) -> tuple[Any, ...]:
            some = alike(part, counts) if counts else [(part, inputs.shape[1])]
            return _joined([self._learned(*each, inputs, targets, seeds, apart) for each in some])

        with torch.no_grad():
            losses, outputs, gradients = self._within_memory(of)
            weights = self._weights
            self._optimizer.step(weights, self._constraints.on_gradients(weights, gradients), rates, number)
            self._constraints.on_weights(weights)
        return losses, outputs

    def outputs(self, inputs: Tensor, *, apart: bool) -> Tensor:
        """(M, B, K) in use: nothing is left out; float32 or float64."""

        def of(part: slice) -> tuple[Tensor]:
            with torch.no_grad(), devices.precision(self.device):
                its = inputs[part] if apart else inputs
                weights, buffers = [each[part] for each in self._weights], [each[part] for each in self._buffers]
                return (self._networks(weights, buffers, its, None, part=part, apart=apart),)

        found: Tensor = self._within_memory(of)[0]
        return found if found.dtype == torch.float64 else found.float()

    def remember_best(self, places: Sequence[int]) -> None:
        """Keep the weights of now as the best of the networks at these places."""
        if not places:
            return
        chosen = torch.tensor(places, device=self.device)
        for best, now in zip(self._best, (*self._weights, *self._buffers), strict=True):
            best.index_copy_(0, chosen, now.detach()[chosen])

    def write(self, place: int, *, best: bool) -> dict[str, Tensor]:
        """Put the weights of now, or the best, into the network's own module.

        Returns:
            A copy of them by name.
        """
        model, latest = self._models[place], (*self._weights, *self._buffers)
        with torch.no_grad():
            for each, its in zip((*model.parameters(), *model.buffers()), self._best if best else latest, strict=True):
                each.copy_(own(its[place], each.shape))
        return {name: value.detach().clone() for name, value in model.state_dict().items()}

    def optimizer_tensors(self, place: int, steps: int) -> dict[str, Tensor]:
        """The optimizer's state of one network, as checkpoints have it."""
        return self._optimizer.tensors(place, steps)

    def keep(self, places: Sequence[int]) -> None:
        """Go on with the networks at these places only."""
        chosen = torch.tensor(places, device=self.device)
        self._models = [self._models[place] for place in places]
        same = zip(*([*model.parameters(), *model.buffers()] for model in self._models), strict=True)
        shapes = [greatest(each.shape for each in tensors) for tensors in same]
        self._weights = [
            kept(each.detach(), chosen, shape).requires_grad_(each.requires_grad)
            for each, shape in zip(self._weights, shapes, strict=False)
        ]
        self._buffers = [each[chosen] for each in self._buffers]
        self._best = [kept(each, chosen, shape) for each, shape in zip(self._best, shapes, strict=True)]
        self._networks.keep(places)
        self._sites = {}
        self._dropouts = [self._dropouts[place] for place in places]
        self._optimizer.keep(places, self._weights)
        self._constraints.keep(places)
        self._losses.keep(places)

    def _learned(
        self, part: slice, count: int, inputs: Tensor, targets: Tensor, seeds: Sequence[int], apart: bool
    ) -> tuple[Tensor, Tensor, list[Tensor | None]]:
        """Losses, outputs and gradients of the networks in `part`, from the first `count` samples of each."""
        its, wanted = (inputs[part, :count], targets[part, :count]) if apart else (inputs, targets)
        masks = self._masks(its[0] if apart else its, seeds, part)
        losses, outputs, gradients = self._gradients(its, wanted, masks, part, apart)
        lacking = inputs.shape[1] - count if apart else 0
        return losses, pad(outputs, (*[0, 0] * (outputs.dim() - 2), 0, lacking)) if lacking else outputs, gradients

    def _gradients(
        self, inputs: Tensor, targets: Tensor, masks: Sequence[Tensor], part: slice, apart: bool
    ) -> tuple[Tensor, Tensor, list[Tensor | None]]:
        """Losses, outputs and gradients of the networks in `part`, whose inputs, targets and masks these are."""
        weights = self._weights
        if part != slice(0, len(self)):
            weights = [each.detach()[part].requires_grad_(each.requires_grad) for each in weights]
        if isinstance(self._networks, Chain) and self.device.type == "cpu":
            outputs, backward = self._networks.noted(weights, inputs, masks, part=part, apart=apart)
            losses, gradient = self._losses.with_gradient(outputs, targets, part, apart=apart)
            return losses, outputs, backward(self._constraints.shared(gradient, part))
        with torch.enable_grad(), devices.precision(self.device):
            buffers = [each[part] for each in self._buffers]
            outputs = self._networks(weights, buffers, inputs, masks, part=part, apart=apart)
            losses = self._losses.of(outputs, targets, part, apart=apart)
            minimised = self._constraints.minimised(losses, part)
        trained = [each for each in weights if each.requires_grad]
        found = iter(torch.autograd.grad(minimised, trained))
        return losses.detach(), outputs.detach(), [next(found) if each.requires_grad else None for each in weights]

    def _try_out(self, inputs: Tensor, targets: Tensor) -> None:
        """Refuse now what torch cannot compute as one: two networks will do, and nothing changes."""
        before = [each.clone() for each in self._buffers]
        part = slice(0, 2)
        masks = self._masks(inputs, range(len(self)), part) if self.draws else []
        self._gradients(inputs, targets, masks, part, apart=False)
        for buffer, value in zip(self._buffers, before, strict=True):
            buffer.copy_(value)

    def _masks(self, inputs: Tensor, seeds: Sequence[int], part: slice) -> list[Tensor]:
        """Of the networks in `part`, for a batch (B, ...) of one of them."""
        if not seeds:
            return []
        size = len(inputs)
        if size not in self._sites:
            with devices.precision(self.device):
                self._sites[size] = self._networks.sites(inputs)
        sites = [replace(site, widths=site.widths[part]) for site in self._sites[size]]
        return drawn(seeds[part], self._dropouts[part], sites, self.device)

    def _within_memory(self, compute: Callable[[slice], tuple[Any, ...]]) -> tuple[Any, ...]:
        """What `compute` gives for all networks, by as many at once as there is memory for."""
        before = [each.clone() for each in self._buffers]
        while True:
            try:
                return _joined([compute(part) for part in self._parts()])
            except RuntimeError as error:
                if not is_out_of_memory(error) or min(self._width, len(self)) == 1:
                    raise
            self._width = -(-min(self._width, len(self)) // 2)
            for buffer, value in zip(self._buffers, before, strict=True):
                buffer.copy_(value)
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
            self._remark(
                f"Memory does not suffice for {len(self)} networks at once: {self._width} are computed at once."
            )

    def _parts(self) -> list[slice]:
        places = range(0, len(self), self._width)
        return [slice(first, min(first + self._width, len(self))) for first in places]

    def _restore(self, place: int, state: Checkpoint) -> None:
        self._optimizer.restore(place, state.optimizer)
        model = self._models[place]
        names = [name for name, _ in (*model.named_parameters(), *model.named_buffers())]
        for best, name in zip(self._best, names, strict=True):
            if name in state.best:
                own(best[place], state.best[name].shape).copy_(state.best[name])


def alike(part: slice, counts: Sequence[int]) -> Iterator[tuple[slice, int]]:
    """Neighbours in `part` that have as many samples, and how many those are."""
    first = part.start
    for count, same in groupby(counts[part]):
        size = len(list(same))
        yield slice(first, first + size), count
        first += size


def networks_of(models: Sequence[nn.Module], inputs: Tensor) -> Networks:
    """What computes the networks as one: the dense way where they are only that, else any.

    Raises:
        RuntimeError: nothing does.
    """
    row = row_of(models[0])
    if row is not None and (row.flattens or inputs.dim() == 2):
        return Chain(models)
    if row is not None and len(set(map(structure_of_any, models))) > 1:
        raise RuntimeError("of inputs that are no rows of numbers, only networks of equal layers are")
    return Vmapped(models, inputs)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory was asked for that there is not, on a GPU or on the CPU."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)


def _joined(parts: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """Results of parts of a stack, each a tuple of tensors and lists of tensors, as one."""
    if len(parts) == 1:
        return parts[0]
    return tuple(
        [None if each[0] is None else torch.cat(each) for each in zip(*same, strict=True)]
        if isinstance(same[0], list)
        else torch.cat(same)
        for same in zip(*parts, strict=True)
    )
