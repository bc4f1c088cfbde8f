"""The pictures of a search: the best so far, the metric against each setting, what matters, and pairs of settings."""

from collections.abc import Sequence
from itertools import combinations
from math import log10

from glia.pictures import Bars, Curve, Matrix, Picture, Points, Row
from glia.search.dimensions import Range, shown
from glia.search.draws import random_point
from glia.search.findings import Findings, best_so_far, interval_of
from glia.search.importance import Importance, importance
from glia.search.space import Dimension, Space
from glia.search.surrogate import FEWEST_TRIALS, Surrogate, fitted, usable
from glia.search.trials import Direction, Trial, best_first

Interval = tuple[float, float]
Band = tuple[str, Row, Row, Row]
MOST_SLICES = 12
MOST_SIDES = 12  # values along a side of a contour
IN_PAIRS = 3  # of the settings that matter most, each with each
MOST_DRAWN = 2000  # trials in a picture
NARROWEST_BAND = 0.12  # of the width
BACKGROUND = 64  # points over which the other settings of a contour are averaged


def pictures_of(
    trials: Sequence[Trial],
    space: Space | None,
    *,
    metric: str,
    direction: Direction,
    seed: int = 0,
    found: Findings | None = None,
) -> dict[str, Picture]:
    """By name; those for which there are trials enough: `best`, `slice/KEY`, `importance`, `contour/KEY/KEY`.

    Args:
        trials: all of them.
        space: what was varied; None: nothing that could be drawn.
        metric: its name.
        direction: which way it is better.
        seed: of what is drawn at random for the estimates.
        found: what the trials tell, for the interval of the winner.
    """
    if all(each.score is None for each in trials):
        return {}
    drawn: dict[str, Picture] = {
        "best": best_curve(
            trials,
            metric=metric,
            direction=direction,
            interval=None if found is None else interval_of(found, metric),
            again=0 if found is None else found.again,
        )
    }
    known = usable(space, trials) if space is not None else []
    if space is None or not known:
        return drawn
    some = some_of(known, direction)
    if len(known) < FEWEST_TRIALS:
        return drawn | {f"slice/{each.key}": slice_of(each, some, metric) for each in space.dimensions[:MOST_SLICES]}
    surrogate = fitted(space, trials, direction, seed)
    matters = importance(surrogate, seed)
    drawn["importance"] = Bars(
        title=_title(matters),
        x="setting",
        y="share of the variation",
        labels=tuple(key for key, _ in matters.shares),
        values=tuple(share for _, share in matters.shares),
    )
    keys = [key for key, _ in matters.shares]
    drawn |= {f"slice/{key}": slice_of(space[key], some, metric) for key in keys[:MOST_SLICES]}
    for one, other in combinations(keys[:IN_PAIRS], 2):
        drawn[f"contour/{one}/{other}"] = contour(surrogate, one, other, metric, seed)
    return drawn


def best_curve(
    trials: Sequence[Trial], *, metric: str, direction: Direction, interval: Interval | None = None, again: int = 0
) -> Curve:
    """Every trial, and the best up to each; beside the winner where it lies when it is trained once more.

    Args:
        trials: all of them.
        metric: its name.
        direction: which way it is better.
        interval: of the winner's metric; None: nobody knows.
        again: from how many seeds it was trained again for that; 0: the interval is over folds.
    """
    done = [each for each in trials if each.score is not None]
    steps = best_so_far(trials, direction)
    end = done[-1].number if done else 0
    places: list[float] = []
    values: list[float] = []
    for (number, value), (after, _) in zip(steps, [*steps[1:], (end, 0.0)], strict=True):
        places += [number, after]
        values += [value, value]
    drawn = some_of(done, direction)
    bands: tuple[Band, ...] = ()
    if interval is not None and steps:
        name = f"trained again from {again} seeds, 95 %" if again else "over folds, 95 %"
        # Of a winner that came last there is no stretch to lay it beside.
        first = min(float(steps[-1][0]), end - max(1.0, end * NARROWEST_BAND))
        bands = ((name, (first, float(end)), (interval[0],) * 2, (interval[1],) * 2),)
    return Curve(
        title="Best so far" + (f" ({len(drawn):,} of {len(done):,} trials drawn)" if len(drawn) < len(done) else ""),
        x="trial",
        y=metric,
        lines=(("best so far", tuple(places), tuple(values)),),
        bands=bands,
        dots=(("trial", tuple(float(each.number) for each in drawn), tuple(each.score or 0.0 for each in drawn)),),
    )


def some_of(done: Sequence[Trial], direction: Direction) -> list[Trial]:
    """Trials to be drawn, by number: all, or of very many the best and an even choice of the others."""
    if len(done) <= MOST_DRAWN:
        return list(done)
    ranked = best_first(done, direction)
    best, others = ranked[: MOST_DRAWN // 4], sorted(ranked[MOST_DRAWN // 4 :], key=lambda each: each.number)
    wanted = MOST_DRAWN - len(best)
    chosen = [others[place * len(others) // wanted] for place in range(wanted)]
    return sorted([*best, *chosen], key=lambda each: each.number)


def slice_of(dimension: Dimension, trials: Sequence[Trial], metric: str) -> Points:
    """The metric of each trial against one setting; choices without an order stand side by side, by name."""
    known = [each for each in trials if dimension.key in each.settings and each.score is not None]
    values = dimension.values
    given = [each.settings[dimension.key] for each in known]
    scores = tuple(each.score or 0.0 for each in known)
    title = dimension.key
    columns: tuple[str, ...] = ()
    if not values.ordered:
        places = tuple(float(values.index(value)) for value in given)
        columns = tuple(map(shown, values.all()))
    elif isinstance(values, Range) and values.log:
        places = tuple(log10(value) for value in given)
        title = f"log10 {dimension.key}"
    else:
        places = tuple(float(value) for value in given)
    return Points(title=dimension.key, x=title, y=metric, groups=(("trials", places, scores),), columns=columns)


def contour(surrogate: Surrogate, one: str, other: str, metric: str, seed: int = 0) -> Matrix:
    """The metric that the surrogate expects of each pair of values, the other settings averaged over the space."""
    space = surrogate.space
    across, down = _sides(space[one]), _sides(space[other])
    background = [random_point(space, seed, number, "contour") for number in range(BACKGROUND)]
    settings = [space.settings(point | {one: x, other: y}) for y in down for x in across for point in background]
    found = surrogate.values(settings).reshape(len(down), len(across), BACKGROUND).mean(2)
    return Matrix(
        title=f"{metric} to be expected",
        x=one,
        y=other,
        columns=tuple(_label(value) for value in across),
        rows=tuple(_label(value) for value in down),
        values=tuple(tuple(row) for row in found.tolist()),
        counts=False,
    )


def _title(matters: Importance) -> str:
    explains = f"{100 * matters.explained:.0f} %" if matters.explained >= 0.005 else "nothing"
    if matters.is_told:
        return f"What matters (a model of {matters.trials} trials explains {explains})"
    return (
        f"What matters can hardly be told from {matters.trials} trials: a model of them explains {explains}, "
        "so the bars mean little"
    )


def _sides(dimension: Dimension) -> list[object]:
    values = dimension.values
    if values.size <= MOST_SIDES:
        return list(values.all())
    if not isinstance(values, Range):
        return list(values.all()[:MOST_SIDES])
    drawn = [values.draw((place + 0.5) / MOST_SIDES) for place in range(MOST_SIDES)]
    return list(dict.fromkeys(drawn))


def _label(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else shown(value)
