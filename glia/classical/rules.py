"""A tree as rules: if these answers, then that class or number; in the units and labels of the data.

Letters    M nodes, K classes.
"""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from glia.models.samples import Column, Samples

SHOWN = 40  # rules, those of the most samples
LEAF = -1


def rules(fitted: Any, about: Samples, classes: tuple[str, ...] = ()) -> str:
    """Lines, one a leaf, in the order of the tree: `if petal_width ≤ 0.8 then setosa (37 samples, 100 %)`.

    Args:
        fitted: a tree of scikit-learn.
        about: the columns, and the target's units.
        classes: the user's names of the tree's classes; empty: it predicts numbers.
    """
    tree = fitted.tree_
    sizes = tree.n_node_samples
    leaves = list(_leaves(tree))
    kept = sorted(range(len(leaves)), key=lambda number: -sizes[leaves[number][0]])[:SHOWN]
    lines = []
    for number in sorted(kept):
        leaf, way = leaves[number]
        said = " and ".join(_merged(way, about)) or "always"
        lines.append(f"{'if ' if way else ''}{said} then {_answer(tree, leaf, about, classes)}")
    left_out = len(leaves) - len(kept)
    return "\n".join([*lines, *([f"and {left_out} more rules, each of fewer samples"] if left_out else [])])


Way = tuple[tuple[int, bool, float], ...]  # feature, whether above, threshold


def _leaves(tree: Any) -> Any:
    """Each leaf and the way to it, left before right."""
    open_: list[tuple[int, Way]] = [(0, ())]
    while open_:
        node, way = open_.pop()
        if tree.children_left[node] == LEAF:
            yield node, way
            continue
        feature, threshold = int(tree.feature[node]), float(tree.threshold[node])
        open_.append((int(tree.children_right[node]), (*way, (feature, True, threshold))))
        open_.append((int(tree.children_left[node]), (*way, (feature, False, threshold))))


def _merged(way: Way, about: Samples) -> list[str]:
    """The conditions of a way, one a feature: of several thresholds the last is the narrowest."""
    narrowest: dict[int, dict[bool, float]] = {}
    for feature, above, threshold in way:
        narrowest.setdefault(feature, {})[above] = threshold
    columns = {number: column for column in about.columns for number in range(column.first, column.first + column.size)}
    found = []
    for feature, sides in narrowest.items():
        column = columns.get(feature, Column(f"feature {feature}", "numbers", feature))
        if column.kind == "categories":
            found.append(_category(column, feature, True in sides))
        else:
            ends = {above: _number(column, threshold) for above, threshold in sides.items()}
            if len(ends) == 2:
                found.append(f"{ends[True]} < {column.name} ≤ {ends[False]}")
            else:
                found += [f"{column.name} {'>' if above else '≤'} {end}" for above, end in ends.items()]
    return found


def _category(column: Column, feature: int, above: bool) -> str:
    label = column.labels[feature - column.first] if column.labels else str(feature - column.first)
    if column.size == 1 and label == "missing":
        return column.name if above else column.name.replace(" is missing", " is there")
    return f"{column.name} is {label}" if above else f"{column.name} is not {label}"


def _number(column: Column, threshold: float) -> str:
    value = column.mean + column.deviation * threshold
    if column.times:
        return str(datetime.fromtimestamp(value, UTC).replace(tzinfo=None, microsecond=0))
    return _rounded(value, column.deviation)


def _rounded(value: float, unit: float) -> str:
    """To a thousandth of a unit: more digits than that no question needs.

    Example:
        >>> _rounded(0.80000001, 0.76), _rounded(152000.4, 9000.0)
        ('0.8', '152000')
    """
    digits = max(0, 3 - int(np.floor(np.log10(unit)))) if unit > 0 else 6
    return f"{value:.{min(digits, 12)}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"


def _answer(tree: Any, leaf: int, about: Samples, classes: tuple[str, ...]) -> str:
    count, value = int(tree.n_node_samples[leaf]), tree.value[leaf, 0]
    counted = f"{count} sample{'s' if count > 1 else ''}"
    if not classes:
        number = _rounded(about.mean + about.deviation * float(value[0]), about.deviation)
        return f"{about.target or 'the target'} = {number} ({counted})"
    share = float(value.max() / value.sum())
    return f"{classes[int(value.argmax())]} ({counted}, {share:.0%})"
