"""A network layer by layer: what each layer is, the shape of what it puts out, how many parameters it has.

Found by watching a dry run, so that it holds for a forward of one's own, too.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter
from torch.nn.utils.parametrize import is_parametrized

from glia.nn.random import drawing_apart
from glia.nn.shapes import Shape, written


@dataclass(frozen=True)
class Layer:
    """A layer of a network.

    Attributes:
        name: as in the network, such as `hidden.0`.
        kind: what it is, with its options.
        puts_out: the shape for one sample when it is first called, or why there is none.
        parameters: how many numbers of its own it has.
    """

    name: str
    kind: str
    puts_out: Shape | str
    parameters: int


@dataclass(frozen=True)
class Outline:
    """The layers of a network in the order in which they are called, those that are not called last.

    Attributes:
        inputs: the shape of one sample.
        layers: each once, however often it is called.
        parameters: of the whole network; what layers share is counted once.
        failure: where and why the dry run ended early; empty: it did not.

    Example:
        >>> print(outline(nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)), torch.zeros(2, 4)))
        layer     puts out  parameters
        input            4
        0                8          40  Linear(in_features=4, out_features=8, bias=True)
        1                8           0  Tanh()
        2                3          27  Linear(in_features=8, out_features=3, bias=True)
        together                    67  parameters
    """

    inputs: Shape
    layers: tuple[Layer, ...]
    parameters: int
    failure: str = ""

    def __str__(self) -> str:
        rows = [("layer", "puts out", "parameters", ""), ("input", _readable(self.inputs), "", "")]
        for layer in self.layers:
            rows.append((layer.name, _readable(layer.puts_out), f"{layer.parameters:,}", layer.kind))
        rows.append(("together", "", f"{self.parameters:,}", "parameters"))
        first, second, third = (max(len(row[column]) for row in rows) for column in range(3))
        lines = [f"{name:<{first}}  {out:>{second}}  {count:>{third}}  {what}" for name, out, count, what in rows]
        return "\n".join([*(line.rstrip() for line in lines), *([self.failure] if self.failure else [])])


def outline(model: nn.Module, batch: Tensor) -> Outline:
    """The layers of any network, as `batch` passes through them in evaluation mode; the network is left as it was.

    A network whose forward fails is outlined as far as it goes, and says where it fails.
    """
    names = {module: name or type(module).__name__ for name, module in model.named_modules()}
    run = _DryRun()
    failure = ""
    try:
        run.go(model, batch)
    except Exception as error:  # whatever a forward of the user's own may raise
        at, given = run.inside[-1] if run.inside else (model, batch)
        shape = "" if given is None else f" on samples of shape {tuple(given.shape[1:])}"
        why = (str(error) or type(error).__name__).splitlines()[0]
        failure = f"The network fails in '{names[at]}', {_kind(at)}{shape}: {why}"
    found = sorted(_layers(model, run, set()), key=lambda each: run.begun.get(each[0], len(names)))
    return Outline(
        inputs=tuple(batch.shape[1:]),
        layers=tuple(
            Layer(names[module], _kind(module), run.shape(module, len(batch)), count) for module, count in found
        ),
        parameters=_count(model.parameters()),
        failure=failure,
    )


@dataclass
class _DryRun:
    """What hooks see while a batch passes through."""

    begun: dict[nn.Module, int] = field(default_factory=dict)  # module → its place in the order of first calls
    put_out: dict[nn.Module, Tensor | None] = field(default_factory=dict)  # when first called
    inside: list[tuple[nn.Module, Tensor | None]] = field(default_factory=list)  # not returned yet, and what came in

    def go(self, model: nn.Module, batch: Tensor) -> None:
        modes = {module: module.training for module in model.modules()}
        handles = [module.register_forward_pre_hook(self._enter) for module in modes]
        handles += [module.register_forward_hook(self._leave) for module in modes]
        try:
            with torch.no_grad(), drawing_apart(0):
                model.eval()(batch)
        finally:
            for handle in handles:
                handle.remove()
            for module, training in modes.items():
                module.training = training

    def shape(self, module: nn.Module, samples: int) -> Shape | str:
        """Of what the module put out for one sample, or why there is none."""
        if module not in self.begun:
            return "not called"
        if module not in self.put_out:
            return "fails"
        out = self.put_out[module]
        if out is None:
            return "no tensor"
        # Where samples are not the first axis, such as in sequences of batches, the shape is that of the whole.
        return tuple(out.shape[1:]) if out.shape[:1] == (samples,) else f"{_readable(tuple(out.shape))} of all"

    def _enter(self, module: nn.Module, given: Any) -> None:
        self.begun.setdefault(module, len(self.begun))
        self.inside.append((module, _first_tensor(given)))

    def _leave(self, module: nn.Module, given: Any, output: Any) -> None:
        self.put_out.setdefault(module, _first_tensor(output))
        self.inside.pop()


def _layers(module: nn.Module, run: _DryRun, known: set[nn.Module]) -> Iterator[tuple[nn.Module, int]]:
    """The layers within a module, with the number of their own parameters.

    A layer has no modules in it, or computes without calling them, as torch's attention does. What holds layers is one
    as well if it has parameters beside theirs.
    """
    if module in known:
        return
    known.add(module)
    within = [each for each in module.modules() if each is not module]
    if not within and isinstance(module, nn.Sequential):  # no hidden layers, for example
        return
    if not within or is_parametrized(module) or (module in run.put_out and not run.begun.keys() & set(within)):
        known.update(within)
        yield module, _count(module.parameters())
        return
    beside = _count(module.parameters(recurse=False))
    if beside:
        yield module, beside
    for child in module.children():
        yield from _layers(child, run, known)


def _count(parameters: Iterable[nn.Parameter]) -> int:
    return sum(parameter.numel() for parameter in parameters if not isinstance(parameter, UninitializedParameter))


def _kind(module: nn.Module) -> str:
    """What a module is, without the layers in it."""
    return f"{type(module).__name__}({' '.join(module.extra_repr().split())})"


def _first_tensor(value: Any) -> Tensor | None:
    """The first tensor in what a module takes or puts out."""
    if isinstance(value, Tensor):
        return value
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple | list) else ()
    return next((found for found in map(_first_tensor, parts) if found is not None), None)


def _readable(shape: Shape | str) -> str:
    return shape if isinstance(shape, str) else written(shape) or "1"
