"""Networks of dense layers in a row, taken apart: the layers, and what stands before, between and after them.

Two that have as many dense layers have the same places for what stands between, whatever they have there.
"""

from dataclasses import dataclass

from torch import nn

from glia.models.chain import chain_of

Place = tuple[int, int, int]
"""How many dense layers stand before, how many functions since the last of them, how many dropouts since the last of
those; behind all dropouts comes the function itself, and behind all functions the next dense layer."""
LAST = 2**31


@dataclass(frozen=True, eq=False)
class Row:
    """One such network.

    Attributes:
        flattens: whether its inputs may have any shape.
        dense: its dense layers.
        functions: of single numbers, by where they stand.
        dropouts: likewise.
    """

    flattens: bool
    dense: list[nn.Linear]
    functions: dict[Place, nn.Module]
    dropouts: dict[Place, nn.Module]

    def width(self, place: Place) -> int:
        """Of what lies there."""
        return self.dense[place[0] - 1].out_features if place[0] else self.dense[0].in_features


def row_of(model: nn.Module) -> Row | None:
    """None if it is another network."""
    layers = chain_of(model) or []
    row = Row(bool(layers) and isinstance(layers[0], nn.Flatten), [], {}, {})
    functions = dropouts = 0
    for layer in layers:
        if isinstance(layer, nn.Linear):
            row.dense.append(layer)
            functions = dropouts = 0
        elif isinstance(layer, nn.Dropout):
            row.dropouts[len(row.dense), functions, dropouts] = layer
            dropouts += 1
        elif not isinstance(layer, nn.Flatten):  # of rows it makes the same rows
            row.functions[len(row.dense), functions, LAST] = layer
            functions, dropouts = functions + 1, 0
    return row if row.dense else None


def before(dense: int) -> Place:
    """The place of a dense layer, by its number from 0."""
    return dense, LAST, 0
