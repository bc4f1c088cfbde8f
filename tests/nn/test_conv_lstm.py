import pytest
import torch
from torch import nn

from glia.errors import ConfigError
from glia.nn.conv_lstm import ConvLSTM, ConvLSTMCell
from glia.nn.recurrent_outputs import Outputs

SIDES = {1: (6,), 2: (5, 4), 3: (3, 4, 2)}
HARD = [(-9.0, 0.0), (-2.5, 0.0), (0.0, 0.5), (1.0, 0.7), (2.5, 1.0), (9.0, 1.0)]


def by_equation(cell, frames, states=None):
    """Equation 3 of the paper, gate by gate; the states after each step."""
    d = cell.channels
    inputs, recurrent = cell.inputs, cell.recurrent
    wx, wh, b = inputs.weight.split(d), recurrent.weight.split(d), inputs.bias.split(d)
    convolve = (nn.functional.conv1d, nn.functional.conv2d, nn.functional.conv3d)[frames.ndim - 4]
    peep = (0.0, 0.0, 0.0) if cell.peepholes is None else cell.peepholes
    zeros = frames.new_zeros(frames.shape[0], d, *frames.shape[3:])
    h, c = states or (zeros, zeros)
    found = []
    for x in frames.unbind(1):
        i, f, g, o = (convolve(x, wx[k], b[k], padding=1) + convolve(h, wh[k], padding=1) for k in range(4))
        i, f = torch.sigmoid(i + peep[0] * c), torch.sigmoid(f + peep[1] * c)
        c = f * c + i * torch.tanh(g)
        h = torch.sigmoid(o + peep[2] * c) * torch.tanh(c)
        found.append((h, c))
    return found


def made(n, peepholes=False):
    torch.manual_seed(n)
    cell = ConvLSTMCell(2, 3, 3, dimensions=n, peepholes=SIDES[n] if peepholes else None).double()
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return cell, torch.randn(2, 4, 2, *SIDES[n], dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("peepholes", [False, True])
def test_outputs_and_gradients_are_those_of_the_equation(n, peepholes):
    cell, frames = made(n, peepholes)
    outputs, (h, c) = ConvLSTM(cell)(frames)
    expected = by_equation(cell, frames)
    torch.testing.assert_close(outputs, torch.stack([each for each, _ in expected], 1), rtol=0, atol=1e-10)
    torch.testing.assert_close((h, c), expected[-1], rtol=0, atol=1e-10)
    weights = (frames, *cell.parameters())
    mine = torch.autograd.grad((outputs.square().sum() + c.sum()), weights)
    theirs = torch.autograd.grad(sum(each.square().sum() for each, _ in expected) + expected[-1][1].sum(), weights)
    torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-8)


@pytest.mark.parametrize("peepholes", [False, True])
def test_states_go_on_where_they_ended(peepholes):
    cell, frames = made(2, peepholes)
    layer = ConvLSTM(cell)
    whole, end = layer(frames)
    first, states = layer(frames[:, :1])
    rest, after = layer(frames[:, 1:], states)
    torch.testing.assert_close(torch.cat([first, rest], 1), whole, rtol=0, atol=1e-12)
    torch.testing.assert_close(after, end, rtol=0, atol=1e-12)
    stepped = None
    for frame in frames.unbind(1):
        stepped = cell(frame, stepped)
    torch.testing.assert_close(stepped, end, rtol=0, atol=1e-12)


def test_zeros_to_begin_from_are_no_other_than_nothing():
    cell, frames = made(2, peepholes=True)
    zeros = torch.zeros(2, 3, *SIDES[2], dtype=torch.float64)
    torch.testing.assert_close(ConvLSTM(cell)(frames, (zeros, zeros)), ConvLSTM(cell)(frames), rtol=0, atol=1e-12)


def test_one_pixel_is_an_lstm():
    torch.manual_seed(0)
    cell, lstm = ConvLSTMCell(3, 5, 1, dimensions=1), nn.LSTM(3, 5, batch_first=True)
    with torch.no_grad():
        cell.inputs.weight.copy_(lstm.weight_ih_l0[..., None])
        cell.recurrent.weight.copy_(lstm.weight_hh_l0[..., None])
        cell.inputs.bias.copy_(lstm.bias_ih_l0 + lstm.bias_hh_l0)
    x = torch.randn(2, 6, 3)
    outputs, _ = ConvLSTM(cell)(x[..., None])
    torch.testing.assert_close(outputs[..., 0], lstm(x)[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("x", "gate"), HARD)
def test_hard_gates_are_those_of_keras_before_3(x, gate):
    cell = ConvLSTMCell(1, 1, 1, dimensions=1, gate="hard-sigmoid")
    with torch.no_grad():
        cell.inputs.weight.copy_(torch.tensor([0.0, 0.0, 1.0, 0.0]).view(4, 1, 1))
        cell.inputs.bias.copy_(torch.tensor([x, 0.0, 0.0, 9.0]))
    _, c = cell(torch.ones(1, 1, 1))
    assert c.item() == pytest.approx(gate * torch.tanh(torch.tensor(1.0)).item())


def test_forget_gates_begin_open_and_recurrent_weights_orthogonal():
    cell = ConvLSTMCell(2, 3, 3)
    assert cell.inputs.bias.tolist() == [0.0] * 3 + [1.0] * 3 + [0.0] * 6
    rows = cell.recurrent.weight.detach().flatten(1)
    torch.testing.assert_close(rows @ rows.T, torch.eye(12), rtol=0, atol=1e-5)
    assert cell.inputs.weight.std().item() == pytest.approx((2 / (9 * (2 + 12))) ** 0.5, rel=0.2)


def test_strides_and_even_kernels_fit():
    cell = ConvLSTMCell(1, 2, 4, stride=2, padding=1)
    outputs, _ = ConvLSTM(cell)(torch.randn(1, 3, 1, 8, 9))
    assert outputs.shape == (1, 3, 2, 4, 4)


@pytest.mark.parametrize("options", [{"stride": 2, "padding": 1}, {"padding": 0}, {"stride": 2}], ids=str)
def test_inputs_may_be_read_otherwise_than_states(options):
    torch.manual_seed(0)
    cell, frames = ConvLSTMCell(1, 2, 3, **options).double(), torch.randn(1, 2, 1, 8, 9, dtype=torch.float64)
    outputs, _ = ConvLSTM(cell)(frames)
    h, c = cell(frames[:, 0])
    i, f, g, o = (cell.inputs(frames[:, 1]) + cell.recurrent(h)).chunk(4, 1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    torch.testing.assert_close(outputs[:, 1], o.sigmoid() * c.tanh(), rtol=0, atol=1e-12)


def test_a_list_of_layers_hands_on_all_steps_or_the_last():
    cell, frames = made(1)
    everything = nn.Sequential(ConvLSTM(cell), Outputs("all"))(frames)
    assert everything.shape == (2, 4, 3, 6)
    assert torch.equal(nn.Sequential(ConvLSTM(cell), Outputs("last"))(frames), everything[:, -1])
    assert repr(Outputs("last")) == "Outputs(last)"


def test_a_sequence_without_steps_is_refused():
    with pytest.raises(ConfigError, match=r"A sequence of shape \(2, 0, 1, 4, 4\) has no steps\. Give at least one\."):
        ConvLSTM(ConvLSTMCell(1, 2))(torch.zeros(2, 0, 1, 4, 4))
