"""ConvLSTM: an LSTM whose states are pictures, and whose weights are convolutions.

Paper      Shi et al., 2015, *Convolutional LSTM network: a machine learning approach for precipitation nowcasting*.
           https://arxiv.org/abs/1506.04214
We differ  peepholes are left out unless asked for, as in Keras; forget gates begin open, with a bias of 1 (Jozefowicz,
           Zaremba & Sutskever, 2015); recurrent weights begin orthogonal.
Letters    B samples, T steps, C channels read, D channels of the states, i f g o input gate, forget gate, candidate,
           output gate; h what is put out, c the cell.

Weights stand in the order i f g o, which Keras calls i f c o: copied kernels need their axes moved and nothing else.
Keras 3 has logistic gates as here; weights trained with Keras before 3 want `gate="hard-sigmoid"`, its default then.
"""

from collections.abc import Callable
from typing import Any, Literal, cast, final

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from glia.errors import ConfigError
from glia.nn.convolution import Padding, Same, convolution
from glia.nn.shapes import Sides

CONVOLVE: dict[int, Callable[..., Tensor]] = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
States = tuple[Tensor, Tensor]
"""h and c, each of shape (B, D, *sides)."""


@final
class ConvLSTMCell(nn.Module):
    """One step: equation 3 of the paper.

    Args:
        reads: C.
        channels: D.
        kernel: side of the filters, of those that read inputs and those that read h alike; pixels, one number or one
            for each side of a sample.
        dimensions: sides of a sample, 1 to 3.
        padding: around inputs, "same" as in Keras or pixels; h always keeps its sides.
        stride: of the filters that read inputs.
        gate: what makes gates of sums; "hard-sigmoid" is 0.2x + 0.5 cut at 0 and 1.
        peepholes: the sides of the states where gates shall see the cell: a weight for each of its pixels, as in the
            paper. None: they do not.

    Example:
        >>> h, c = ConvLSTMCell(1, 8)(torch.zeros(2, 1, 16, 16))
        >>> h.shape
        torch.Size([2, 8, 16, 16])
    """

    def __init__(
        self,
        reads: int,
        channels: int,
        kernel: Sides = 3,
        *,
        dimensions: int = 2,
        padding: Padding = "same",
        stride: Sides = 1,
        gate: Literal["sigmoid", "hard-sigmoid"] = "sigmoid",
        peepholes: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__()
        self.channels = channels
        self.gate = gate
        self.inputs = convolution(dimensions, reads, 4 * channels, kernel, padding=padding, stride=stride)
        self.recurrent = convolution(dimensions, channels, 4 * channels, kernel, padding="same", bias=False)
        self.peepholes = None if peepholes is None else nn.Parameter(torch.zeros(3, channels, *peepholes))
        self._initialise()

    def forward(self, x: Float[Tensor, "B C *sides"], states: States | None = None) -> States:
        """The states after a step from `states`, or from zeros; h is what is put out."""
        if states is None:
            # Before the first step h and c are zero, and so is all that is multiplied with them.
            i, _, g, o = self.inputs(x).chunk(4, dim=1)
            c = self._gate(i) * torch.tanh(g)
        else:
            h, before = states
            i, f, g, o = self._sums(x, h).chunk(4, dim=1)
            if self.peepholes is not None:
                i, f = i + self.peepholes[0] * before, f + self.peepholes[1] * before
            c = torch.addcmul(self._gate(f) * before, self._gate(i), torch.tanh(g))
        if self.peepholes is not None:
            o = o + self.peepholes[2] * c
        return self._gate(o) * torch.tanh(c), c

    def _sums(self, x: Tensor, h: Tensor) -> Tensor:
        """What all gates sum up: B 4D *sides."""
        if not self._as_one:
            summed: Tensor = self.inputs(x) + self.recurrent(h)
            return summed
        # One convolution over both costs less than two and their sum: such layers wait for memory, not arithmetic.
        ours: Any = self.inputs
        weight = torch.cat([ours.weight, *self.recurrent.parameters()], dim=1)  # 4D C+D *kernel
        return CONVOLVE[x.ndim - 2](torch.cat([x, h], dim=1), weight, ours.bias, padding=ours.padding)

    @property
    def _as_one(self) -> bool:
        """Whether inputs and h are read in the same way, pixel by pixel."""
        one, other = self.inputs, self.recurrent
        plain = not isinstance(one, Same) and not isinstance(other, Same)
        return plain and one.padding == other.padding and max(cast(tuple[int, ...], one.stride)) == 1

    def _gate(self, x: Tensor) -> Tensor:
        return torch.sigmoid(x) if self.gate == "sigmoid" else torch.clamp(0.2 * x + 0.5, 0, 1)

    def _initialise(self) -> None:
        weight, bias = self.inputs.parameters()
        nn.init.xavier_uniform_(weight)
        nn.init.zeros_(bias)
        nn.init.ones_(bias.detach()[self.channels : 2 * self.channels])
        nn.init.orthogonal_(next(self.recurrent.parameters()))


@final
class ConvLSTM(nn.Module):
    """A sequence read step by step by one `ConvLSTMCell`.

    Example:
        >>> frames = torch.zeros(2, 5, 1, 16, 16)  # B T C H W
        >>> outputs, (h, c) = ConvLSTM(ConvLSTMCell(1, 8))(frames)
        >>> outputs.shape, bool((outputs[:, -1] == h).all())
        (torch.Size([2, 5, 8, 16, 16]), True)
    """

    def __init__(self, cell: ConvLSTMCell) -> None:
        super().__init__()
        self.cell = cell

    def forward(
        self, x: Float[Tensor, "B T C *sides"], states: States | None = None
    ) -> tuple[Float[Tensor, "B T D ..."], States]:
        """What is put out at each step, and the states after the last.

        Args:
            x: the sequence.
            states: to begin from, such as those another ConvLSTM ended with; zeros if left out.

        Raises:
            ConfigError: a sequence without steps.
        """
        if not x.shape[1]:
            raise ConfigError(f"A sequence of shape {tuple(x.shape)} has no steps. Give at least one.")
        outputs = []
        for frame in x.unbind(1):  # B C *sides
            states = self.cell(frame, states)
            outputs.append(states[0])
        return torch.stack(outputs, dim=1), cast(States, states)
