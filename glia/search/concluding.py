"""What a study keeps of what was found: the answer in words, a table, pictures, and a file for programs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glia.record.run import Run
from glia.search.dimensions import Choice, Range, Values, shown
from glia.search.drawing import pictures_of
from glia.search.findings import Findings, interval_of
from glia.search.plan import Plan
from glia.search.space import Dimension, Space
from glia.search.trials import Trial, best_first
from glia.tracking.folder.folders import write_whole
from glia.tracking.recording.study import StudyRecorder

FILE = "findings.json"
SHOWN = 50  # trials in a table
MOST_CHOICES = 16  # of more numbers a range is drawn
WIDE = 100  # ends of a range so many times apart: ratios count


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What was found before, as its file says.

    Attributes:
        best: the number of the best trial; None: nothing was found yet.
        said: the answer in sentences.
        test: what the winner came to on the test part.
        interval: of the winner's metric; none where there is not any.
        again: from how many seeds the winner was trained again.
    """

    best: int | None = None
    said: tuple[str, ...] = ()
    test: Mapping[str, float] | None = None
    interval: tuple[float, float] | None = None
    again: int = 0


def kept(folder: Path) -> Kept:
    """What a study's folder says that was found; nothing before that."""
    try:
        found: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Kept()
    interval = found.get("interval")
    return Kept(
        best=found["best"],
        said=tuple(found["said"]),
        test=found.get("test"),
        interval=None if interval is None else (interval[0], interval[1]),
        again=found.get("again", 0),
    )


def conclude(
    run: Run, recorder: StudyRecorder, plan: Plan, trials: Sequence[Trial], found: Findings, test: Mapping[str, float]
) -> None:
    """Write down what a study found.

    Args:
        run: of the study.
        recorder: of the same.
        plan: how it searched.
        trials: all of the search.
        found: what they tell.
        test: the winner's metrics on the test part; empty if nobody has looked.
    """
    best = found.best
    if best is None or best.value is None:
        return
    name = plan.metric.removeprefix("validation/")
    said = list(found.said)
    if name in test:
        looks = len(run.metrics(f"test/{name}"))  # one for each that was the best when the study ended
        often = "once" if looks < 2 else f"{looks} times"
        said.append(f"On the test part, looked at {often}, it has {name} {test[name]:.4g}.")
    judged = {f"test/{key}": value for key, value in test.items()}
    recorder.summary({plan.metric: best.value, "best trial": best.number, "trials": len(trials), **judged})
    recorder.tag(best=f"{run.id}/{best.number}")
    run.text("answer", "\n".join(said))
    run.table("best trials", _table(plan, trials))
    space = plan.space if plan.vary else _space_of(trials)
    drawn = pictures_of(trials, space, metric=plan.metric, direction=plan.direction, seed=plan.seed, found=found)
    for title, picture in drawn.items():
        run.picture(title, picture)
    about = {
        "best": best.number,
        "alike": list(found.alike),
        "said": said,
        "settings": dict(best.settings),
        "test": dict(test),
        "interval": interval_of(found, plan.metric),
        "again": found.again,
    }
    write_whole(recorder.folder / FILE, json.dumps(about, indent=1).encode())


def _space_of(trials: Sequence[Trial]) -> Space | None:
    """Where trials lie that differ in what somebody liked; None where they differ in nothing."""
    given: dict[str, list[Any]] = {}
    for each in trials:
        for key, value in each.settings.items():
            given.setdefault(key, []).append(value)
    return Space(tuple(Dimension(key, _values_of(values)) for key, values in given.items())) if given else None


def _values_of(values: Sequence[Any]) -> Values:
    distinct = {shown(value): value for value in values}
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in distinct.values())
    if numbers and len(distinct) > MOST_CHOICES:
        low, high = min(distinct.values()), max(distinct.values())
        return Range(low, high, log=low > 0 and high >= WIDE * low)
    return Choice(tuple(sorted(distinct.values()) if numbers else distinct.values()))


def _table(plan: Plan, trials: Sequence[Trial]) -> list[dict[str, Any]]:
    ranked = best_first(trials, plan.direction)[:SHOWN]
    return [{"trial": each.number, plan.metric: each.value, **each.settings} for each in ranked]
