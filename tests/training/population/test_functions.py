import torch
from torch import nn

from glia.training.population.functions import Functions


def test_each_network_has_its_function_and_what_it_lacks_stays_zero() -> None:
    functions = Functions([nn.ReLU(), nn.ReLU(), nn.Sigmoid(), None, nn.Sigmoid()], [4, 2, 3, 1, 4])
    x = torch.randn(5, 2, 4)
    for place, width in enumerate([4, 2, 3, 1, 4]):
        x[place, :, width:] = 0
    found = functions(x, slice(0, 99))
    expected = torch.stack([x[0].relu(), x[1].relu(), x[2].sigmoid(), x[3], x[4].sigmoid()])
    expected[2, :, 3:] = 0
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(functions(x[1:3], slice(1, 3)), expected[1:3])


def test_gradients_reach_nothing_that_is_filled_up() -> None:
    x = torch.zeros(2, 1, 2, requires_grad=True)
    (Functions([nn.Sigmoid(), nn.Sigmoid()], [2, 1])(x, slice(0, 2)) * torch.ones(2)).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[[0.25, 0.25]], [[0.25, 0.0]]]


def test_equal_functions_are_applied_at_once() -> None:
    seen: list[int] = []

    class Counting(nn.ReLU):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.append(len(x))
            return x.relu()

    Functions([Counting(), Counting(), nn.Tanh()], [3, 2, 1])(torch.zeros(3, 1, 3), slice(0, 3))
    assert [each for each in seen if each != 1] == [2]
