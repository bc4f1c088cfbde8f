"""What happens inside a network while it trains: gradients, weights and activations of its layers, every N steps.

A step is a forward pass of the model in training mode. Between samples one hook looks at a counter; for a sample, hooks
are put on the layers and taken away again. A sample is told at the pass after it, when the optimizer has changed the
weights: then the size of that change is known too.

    watch/<layer>/gradient_norm       of the layer's own parameters, after the backward pass
    watch/<layer>/weight_norm         before the step
    watch/<layer>/update_ratio        |change| / |weights| by the step; about 1e-3 is usual
    watch/<layer>/activation_mean     of the layer's output; likewise activation_std
    watch/<layer>/activation_zeros    share of the output that is exactly zero
    watch/<layer>/dead_units          share of units (channels) that are zero for every sample of the batch

Histograms of the three are kept with some of the samples: of all at first, of ever fewer as a run goes on.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from glia.errors import ConfigError
from glia.record.media import binned
from glia.tracking.log.writer import log

MOST_PARAMETERS_COPIED = 50_000_000  # beyond that a copy, by which the update is known, would take too much memory
MOST_BINNED = 1 << 14  # values of a tensor that a histogram is made of
BINS = 48
HISTOGRAMS_BEFORE_THINNING = 64

Values = dict[str, float]
Histograms = dict[str, dict[str, Any]]


@dataclass
class _Sample:
    """What is known of one step so far; numbers stay tensors, so that a device is waited for once."""

    step: int
    numbers: dict[str, Tensor] = field(default_factory=dict)
    binned: dict[str, list[Tensor]] = field(default_factory=dict)
    gradients: dict[str, dict[int, Tensor]] = field(default_factory=dict)  # by layer and parameter: norms
    before: dict[str, list[Tensor]] = field(default_factory=dict)
    handles: list[RemovableHandle] = field(default_factory=list)
    forward: list[RemovableHandle] = field(default_factory=list)

    def release(self) -> None:
        for handle in (*self.handles, *self.forward):
            handle.remove()


class Watch:
    """Watches one model until `close`.

    Args:
        model: its layers are the modules with parameters of their own, and of the activations those without children.
        every: so many steps lie between samples; the first step is one.
        tell: hears the numbers of a sample, its histograms (perhaps none) and its step.
        name: stands before the layers' names, for runs that watch several models.
        step: of the last step before this one, when a run is resumed.

    Raises:
        ConfigError: not a module, or `every` is less than 1.
    """

    def __init__(
        self,
        model: nn.Module,
        every: int,
        tell: Callable[[Values, Histograms, int], None],
        *,
        name: str = "",
        step: int = 0,
    ) -> None:
        if not isinstance(model, nn.Module):
            raise ConfigError(f"A torch.nn.Module can be watched, not {type(model).__name__}.")
        if every < 1:
            raise ConfigError(f"every={every} is not a number of steps of at least 1.")
        self._model, self._every, self._tell = model, every, tell
        self._prefix = f"watch/{name}/" if name else "watch/"
        self._step, self._begun_at = step, step
        self._sample: _Sample | None = None
        self._taken, self._thinned = 0, 1
        inner = getattr(model, "_orig_mod", model)  # of torch.compile
        inner = inner.module if isinstance(inner, nn.parallel.DistributedDataParallel | nn.DataParallel) else inner
        self._compiled = inner is not model and hasattr(model, "_orig_mod")
        self._layers = {path or type(inner).__name__.lower(): module for path, module in inner.named_modules()}
        count = sum(parameter.numel() for parameter in inner.parameters())
        self._copies = count <= MOST_PARAMETERS_COPIED
        self._handle: RemovableHandle | None = model.register_forward_pre_hook(_Hook(self))

    def close(self) -> None:
        """Tell the last sample and take every hook away. Closing twice changes nothing."""
        if self._handle is not None:
            self._handle.remove()
            self._handle = None
            self._carefully(self._finish)

    def passed(self, module: nn.Module) -> None:
        """A forward pass begins."""
        if module is not self._model or self._handle is None:
            return
        training = module.training and torch.is_grad_enabled()
        due = training and self._is_due(self._step + 1)
        # A model that is called twice before the backward pass, as in a GAN, has no gradients yet.
        if self._sample is not None and (due or not training or self._sample.gradients):
            self._carefully(self._finish)
        if training:
            self._step += 1
            if due and self._handle is not None:
                self._carefully(self._begin)

    def _is_due(self, step: int) -> bool:
        return step % self._every == 0 or step == self._begun_at + 1

    def _carefully(self, work: Callable[[], None]) -> None:
        try:
            with torch.no_grad():
                work()
        except Exception as error:  # a network of the user's may do anything, and training goes on
            log.warning("The model is not watched any more: %s: %s.", type(error).__name__, error)
            if self._sample is not None:
                self._sample.release()
            if self._handle is not None:
                self._handle.remove()
            self._sample = self._handle = None

    def _begin(self) -> None:
        sample = self._sample = _Sample(self._step)
        for layer, module in self._layers.items():
            parameters = [each for each in module.parameters(recurse=False) if each.requires_grad]
            if parameters:
                sample.numbers[f"{layer}/weight_norm"] = _norm(parameters)
                sample.binned[f"{layer}/weights"] = [_some(each) for each in parameters]
                if self._copies:
                    sample.before[layer] = [each.detach().clone() for each in parameters]
                for parameter in parameters:
                    hook = self._gradient_hook(sample, layer)
                    sample.handles.append(parameter.register_post_accumulate_grad_hook(hook))
            if not self._compiled and not any(True for _ in module.children()):
                sample.forward.append(module.register_forward_hook(self._activation_hook(sample, layer)))
        sample.forward.append(self._model.register_forward_hook(lambda *_: _remove(sample.forward)))

    def _gradient_hook(self, sample: _Sample, layer: str) -> Callable[[Tensor], None]:
        def arrived(parameter: Tensor) -> None:
            def note() -> None:
                gradient = parameter.grad
                if gradient is None or sample is not self._sample:
                    return
                values = gradient.coalesce().values() if gradient.is_sparse else gradient
                first = id(parameter) not in sample.gradients.setdefault(layer, {})
                sample.gradients[layer][id(parameter)] = torch.linalg.vector_norm(values.float())
                if first:
                    sample.binned.setdefault(f"{layer}/gradients", []).append(_some(values))

            self._carefully(note)

        return arrived

    def _activation_hook(self, sample: _Sample, layer: str) -> Callable[[nn.Module, Any, Any], None]:
        def left(_: nn.Module, __: Any, output: Any) -> None:
            def note() -> None:
                found = output[0] if isinstance(output, tuple | list) and output else output
                if not isinstance(found, Tensor) or not found.is_floating_point() or found.numel() == 0:
                    return
                values = found.detach().float()
                zero = values == 0
                sample.numbers[f"{layer}/activation_mean"] = values.mean()
                sample.numbers[f"{layer}/activation_std"] = values.std(correction=0)
                sample.numbers[f"{layer}/activation_zeros"] = zero.float().mean()
                if values.ndim > 1:
                    units = zero.transpose(0, 1).flatten(1).all(1)
                    sample.numbers[f"{layer}/dead_units"] = units.float().mean()
                sample.binned[f"{layer}/activations"] = [_some(values)]

            self._carefully(note)

        return left

    def _finish(self) -> None:
        sample, self._sample = self._sample, None
        if sample is None:
            return
        sample.release()
        for layer in filter(sample.gradients.__contains__, self._layers):  # they came from the last to the first
            norms = sample.gradients[layer]
            sample.numbers[f"{layer}/gradient_norm"] = torch.linalg.vector_norm(torch.stack(list(norms.values())))
        for layer, before in sample.before.items() if sample.gradients else ():
            parameters = [each for each in self._layers[layer].parameters(recurse=False) if each.requires_grad]
            change = _norm([now.detach() - then for now, then in zip(parameters, before, strict=True)])
            sample.numbers[f"{layer}/update_ratio"] = change / _norm(before).clamp_min(1e-12)
        told = torch.stack([each.double().cpu() for each in sample.numbers.values()]).tolist() if sample.numbers else []
        values = {self._prefix + name: value for name, value in zip(sample.numbers, told, strict=True)}
        self._tell(values, self._histograms(sample), sample.step)

    def _histograms(self, sample: _Sample) -> Histograms:
        number, self._taken = self._taken, self._taken + 1
        if number % self._thinned:
            return {}
        if number == HISTOGRAMS_BEFORE_THINNING * self._thinned:
            self._thinned *= 2
        return {
            self._prefix + name: binned(torch.cat([each.cpu() for each in parts]), BINS)
            for name, parts in sample.binned.items()
        }


class _Hook:
    """The hook between samples. A copy of the model, in memory or in a file, is not watched."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def __call__(self, module: nn.Module, _: Any) -> None:
        self._watch.passed(module)

    def __reduce__(self) -> Any:
        return _unwatched, ()


def _unwatched() -> Callable[..., None]:
    return _nothing


def _nothing(*_: Any) -> None:
    """What a copy has in place of the hook."""


def _remove(handles: list[RemovableHandle]) -> None:
    for handle in handles:
        handle.remove()


def _norm(tensors: list[Any]) -> Tensor:
    norms = [torch.linalg.vector_norm(each.detach().float()) for each in tensors]
    whole: Tensor = torch.linalg.vector_norm(torch.stack(norms))
    return whole


def _some(tensor: Tensor) -> Tensor:
    """A copy of some values from all over a tensor; an odd stride does not fall on one column."""
    flat = tensor.detach().flatten()
    return flat[:: (len(flat) // MOST_BINNED) | 1].float().clone()
