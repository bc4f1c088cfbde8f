"""Feature maps: what each convolution makes of one sample, a small picture for each of its filters.

What is shown is a layer's own output, before the activation that follows it; a layer named by the user may be the
activation too. Within a layer black is the lowest value and white the highest, so that maps can be compared.

Letters    C channels, H x W pixels.
"""

from collections.abc import Sequence
from math import ceil, isqrt
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from glia.errors import ConfigError, DataError, did_you_mean
from glia.explanation.explanation import Explanation
from glia.learner import Learner, data_of
from glia.nn.conv_lstm import ConvLSTM
from glia.nn.convolution import Same, SeparableConv
from glia.pictures import Images
from glia.record.run import Run

SHOWN = (
    *(nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d),
    *(Same, SeparableConv, ConvLSTM),
)
MOST_MAPS = 64  # of a layer; more would be too small to see
LINE = 255  # between maps; middle grey is what most of a map is


def feature_maps(run: Run, *, inputs: Any = None, sample: int | None = None, layers: Sequence[str] = ()) -> Explanation:
    """The feature maps of one sample, drawn, described and kept with the run.

    Args:
        run: it must have kept a model.
        inputs: a sample as `predict` takes it, of which the first counts; None: one of the run's own data.
        sample: which of the run's data, counted from 0; the first if left out.
        layers: names as in the network, such as `convolutions.0`; all convolutions if left out.

    Raises:
        ConfigError: no such layer, no convolution, or a layer that puts out no maps.
        DataError: no such sample, or inputs that the model cannot read.
    """
    if inputs is not None and sample is not None:
        raise ConfigError(f"sample={sample} is one of the run's own data, and inputs are others. Give one of the two.")
    learner = run.learner
    batch, what = _batch(learner, inputs, sample or 0)
    model = learner.model
    outputs = {"input": batch, **_outputs(model, _chosen(model, layers), batch)}
    pixels, labels, lines = {}, [], []
    for name, output in outputs.items():
        maps = _maps(name, output)
        if maps is None:
            continue
        pixels[f"feature maps/{name}"] = mosaic(maps)
        shown = f", the first {MOST_MAPS} shown" if len(maps) > MOST_MAPS else ""
        size = "x".join(map(str, output.shape[2:]))
        label = f"{name}: {len(maps)} of {size}, {maps.min():.3g} to {maps.max():.3g}"
        constant = int((np.ptp(maps.reshape(len(maps), -1), axis=1) == 0).sum())
        labels.append(label + shown)
        lines.append(label + (f"; {constant} the same everywhere" if constant else ""))
    title = f"Feature maps of {run.name}: {what}"
    picture = Images(title=title, images=tuple(pixels), labels=tuple(labels))
    explanation = Explanation(title=title, text="\n".join(lines), pictures=(picture,), pixels=pixels)
    explanation.record(run)
    return explanation


def mosaic(maps: NDArray[Any]) -> NDArray[np.uint8]:
    """Maps (C, H, W) as one grey picture, in as many columns as rows, a line between them; lines below each other.

    Example:
        >>> mosaic(np.array([[[0.0, 1.0]], [[0.5, 1.0]]]))
        array([[  0, 255],
               [255, 255],
               [128, 255]], dtype=uint8)
    """
    low, high = float(maps.min()), float(maps.max())
    levels = np.round((maps[:MOST_MAPS] - low) * (255 / (high - low) if high > low else 0)).astype(np.uint8)
    count, height, width = levels.shape
    columns = isqrt(count - 1) + 1 if height > 1 else 1
    rows = ceil(count / columns)
    whole = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1), LINE, np.uint8)
    for number, level in enumerate(levels):
        top, left = number // columns * (height + 1), number % columns * (width + 1)
        whole[top : top + height, left : left + width] = level
    return whole


def _batch(learner: Learner, inputs: Any, number: int) -> tuple[Tensor, str]:
    """One sample as the network takes it, and what it is called."""
    if inputs is not None:
        samples, what = learner.preprocessing.read(inputs)[:1], "the sample given"
    else:
        data = learner.dataset or data_of(learner.recipe)
        if not 0 <= number < len(data):
            raise DataError(f"There is no sample {number}: '{data.name}' has {len(data):,}, counted from 0.")
        samples, what = data[number : number + 1], f"sample {number} of {data.name}"
    encoded = learner.preprocessing.encode(samples).to(learner.device)
    return learner.preprocessing.finish(encoded), what


def _chosen(model: nn.Module, names: Sequence[str]) -> dict[str, nn.Module]:
    """The layers to look at, by name; of convolutions within convolutions the outer one."""
    modules = {name: module for name, module in model.named_modules() if name}
    for name in names:
        if name not in modules:
            raise ConfigError(f"The network has no layer '{name}'.{did_you_mean(name, modules)}")
    if names:
        return {name: modules[name] for name in names}
    found: dict[str, nn.Module] = {}
    for name, module in modules.items():
        if isinstance(module, SHOWN) and not any(name.startswith(f"{outer}.") for outer in found):
            found[name] = module
    if not found:
        leaves = [name for name, module in modules.items() if not any(module.children())]
        raise ConfigError(
            "The network has no convolutions, so it makes no feature maps. Another layer may be named: "
            f"{', '.join(leaves[:8])}."
        )
    return found


def _outputs(model: nn.Module, layers: dict[str, nn.Module], batch: Tensor) -> dict[str, Tensor]:
    """What the layers put out, in the order in which they ran; of sequences the last step."""
    found: dict[str, Tensor] = {}

    def keep(name: str, output: Any) -> None:
        found[name] = output[0][:, -1] if isinstance(output, tuple) else output

    def hook(name: str) -> Any:
        return lambda module, given, output: keep(name, output)

    handles = [layer.register_forward_hook(hook(name)) for name, layer in layers.items()]
    try:
        with torch.no_grad():
            model.eval()(batch)
    finally:
        for handle in handles:
            handle.remove()
    return found


def _maps(name: str, output: Tensor) -> NDArray[np.float32] | None:
    """The maps of a sample's output, (C, H, W): of solids the slice in the middle, of lines one row each.

    An input that is no picture is left out.

    Raises:
        ConfigError: a layer that puts out something else.
    """
    maps: NDArray[np.float32] = np.nan_to_num(output[0].float().cpu().numpy())
    if maps.ndim == 2:
        return maps[:, None, :]
    if maps.ndim == 3:
        return maps
    if maps.ndim == 4 and name != "input":
        return maps[:, maps.shape[1] // 2]
    if name == "input":
        return None
    raise ConfigError(f"Layer '{name}' puts out {tuple(output.shape[1:])}, and maps have channels and sides.")
