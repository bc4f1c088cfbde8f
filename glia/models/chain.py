"""Which networks are dense layers, functions of single numbers and dropout, one after the other, and no more.

Much is quicker for them: their gradients without autograd (`glia.training.dense`), many of them as products of stacks
(`glia.training.population`).
"""

from torch import nn

from glia.models.layers import Layers, Sequential
from glia.models.linear import Linear
from glia.models.mlp import MLP
from glia.nn.dropout import WideDropout
from glia.nn.pointwise import CappedReLU, Scaled, Step, Swish

POINTWISE = (
    nn.ReLU,
    nn.LeakyReLU,
    nn.ReLU6,
    nn.ELU,
    nn.SELU,
    nn.GELU,
    nn.SiLU,
    nn.Tanh,
    nn.Sigmoid,
    nn.Softplus,
    nn.LogSigmoid,
    Scaled,
    Step,
    CappedReLU,
)


def chain_of(model: nn.Module) -> list[nn.Module] | None:
    """The layers of such a network in order, without those that do nothing; None if it is another."""
    if type(model) is nn.Identity:
        return []
    if type(model) in (*POINTWISE, nn.Linear, nn.Dropout, WideDropout) or _is_plain_swish(model) or _flattens(model):
        return [model]
    parts = _parts(model)
    if parts is None:
        return None
    found: list[nn.Module] = []
    for part in parts:
        chain = chain_of(part)
        if chain is None:
            return None
        found += chain
    return found


def _parts(model: nn.Module) -> list[nn.Module] | None:
    """What is applied in turn, of the classes known to do no more than that."""
    if type(model) is nn.Sequential:
        return list(model)
    if type(model) is MLP:
        return [nn.Flatten(), *model.hidden, model.output]
    if type(model) is Linear:
        return [nn.Flatten(), model.terms, model.output]
    if type(model) in (Layers, Sequential) and isinstance(model.layers, nn.Module):
        return [model.layers]
    return None


def _is_plain_swish(model: nn.Module) -> bool:
    return type(model) is Swish and isinstance(model.beta, float)


def _flattens(model: nn.Module) -> bool:
    return type(model) is nn.Flatten and (model.start_dim, model.end_dim) == (1, -1)
