import torch
from torch import nn

from glia.training.population.padding import greatest, kept, own, stacked, weights_of, weights_when_filled


def test_smaller_ones_are_filled_up_with_zeros_and_cut_out_again() -> None:
    tensors = [torch.rand(2, 3) + 1, torch.rand(4, 1) + 1, torch.rand(4, 3) + 1]
    stack = stacked(tensors)
    assert stack.shape == (3, 4, 3)
    assert stack.count_nonzero() == sum(each.numel() for each in tensors)
    for filled, each in zip(stack, tensors, strict=True):
        torch.testing.assert_close(own(filled, each.shape), each)


def test_numbers_and_tensors_of_equal_shape_are_stacked_as_they_are() -> None:
    assert stacked([torch.tensor(1.0), torch.tensor(2.0)]).tolist() == [1.0, 2.0]
    assert stacked([torch.ones(2, dtype=torch.int64)] * 2).dtype == torch.int64


def test_what_is_kept_is_no_larger_than_it_must_be() -> None:
    stack = stacked([torch.full((2, 3), 1.0), torch.full((1, 1), 2.0), torch.full((2, 1), 3.0)])
    left = kept(stack, torch.tensor([2, 1]), (2, 1))
    assert left.tolist() == [[[3.0], [3.0]], [[2.0], [0.0]]]
    assert left.is_contiguous()


def test_greatest_of_each_dimension() -> None:
    assert greatest([(2, 3), (4, 1)]) == (4, 3)
    assert greatest([(), ()]) == ()


def test_weights_of_networks_side_by_side() -> None:
    models = [nn.Linear(3, 2), nn.Linear(2, 5)]
    assert [weights_of(model) for model in models] == [8, 15]
    assert weights_when_filled(models) == 5 * 3 + 5
