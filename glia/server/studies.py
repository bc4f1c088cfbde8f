"""What a page needs of a study to propose a trial by hand. Who works on the study trains it; the server does not."""

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from glia.search import proposing
from glia.search.dimensions import Choice, shown
from glia.search.proposing import Wanted
from glia.search.trials import Trial
from glia.server.answers import Answer, Number, Plain, Problem
from glia.server.readers import Open
from glia.server.session import WithKey
from glia.tracking.log.records import Direction, State

LONGEST_TEXT = 10_000
MOST_TRIED = 20
REFUSALS: dict[int | str, dict[str, Any]] = {401: {"model": Problem}, 422: {"model": Problem}}

router = APIRouter(prefix="/runs/{run}", tags=["studies"], responses={404: {"model": Problem}})


class Setting(Answer):
    """Something that a study varies. Values are written as on the command line."""

    key: str
    range: str = Field(description="What it may be, 0.0001..0.1:log; empty: what the recipe takes.")
    choices: list[str] = Field(description="Its values, if it is one of several; else empty.")
    when: dict[str, list[str]] = Field(description="With which values of other settings it is varied; else left out.")
    value: str = Field(description="Of the best trial, or else of the recipe; numbers are rounded.")


class Tried(Answer):
    """A trial by hand, how it stands and what it came to."""

    number: int
    state: State
    value: Number | None
    reason: str
    settings: dict[str, Plain]


class Form(Answer):
    """What can be proposed to a study."""

    metric: str
    settings: list[Setting]
    best: int | None = Field(description="The trial whose values these are; null if none is done.")
    value: Number | None = Field(description="What it came to.")
    direction: Direction = Field(description="Which way the metric is better.")
    tried: list[Tried] = Field(description="Trials by hand, the newest first; at most 20.")


class Wish(Answer):
    """A trial by hand: a value for each setting that is active, written as on the command line."""

    settings: dict[str, str]


class Wished(Answer):
    """A proposal that was made or taken back."""

    id: str


@router.get("/form", responses={422: {"model": Problem}})
def read_form(run: str, readers: Open) -> Form:
    """What a study varies, with the values of its best trial."""
    with readers.open(run) as reader:
        wanted = proposing.wanted(reader)
    best = wanted.best
    values = wanted.recipe.params() | (dict(best.settings) if best is not None else {})
    return Form(
        metric=wanted.plan.metric,
        settings=[_setting(wanted, key, values.get(key)) for key in wanted.keys],
        best=best.number if best is not None else None,
        value=best.value if best is not None else None,
        direction=wanted.plan.direction,
        tried=[_tried(each) for each in reversed(wanted.trials) if each.by_hand][:MOST_TRIED],
    )


@router.post("/proposals", dependencies=[WithKey], responses=REFUSALS)
def propose_trial(run: str, readers: Open, wish: Wish) -> Wished:
    """Ask who works on a study to train a trial with these settings before anything else."""
    with readers.open(run) as reader:
        wanted = proposing.wanted(reader)
        settings = {key: wanted.value(key, text[:LONGEST_TEXT]) for key, text in wish.settings.items()}
        return Wished(id=proposing.propose(reader, settings))


@router.delete("/proposals/{proposal}", dependencies=[WithKey], responses=REFUSALS)
def withdraw_proposal(run: str, proposal: str, readers: Open) -> Wished:
    """Take a proposal back that nobody has begun."""
    with readers.open(run) as reader:
        proposing.withdraw(reader, proposal)
    return Wished(id=proposal)


def _tried(trial: Trial) -> Tried:
    return Tried(
        number=trial.number,
        state=trial.state,
        value=trial.value,
        reason=trial.reason,
        settings=dict(trial.settings),
    )


def _setting(wanted: Wanted, key: str, value: Any) -> Setting:
    dimension = wanted.dimension(key)
    values = dimension.values if dimension is not None else None
    if values is not None and (value is None or value not in values):
        value = values.examples()[0]
    if isinstance(value, float) and values is not None and (rounded := float(f"{value:.4g}")) in values:
        value = rounded  # who tries by hand wants other values than these
    return Setting(
        key=key,
        range=str(values) if values is not None else "",
        choices=[shown(each) for each in values.all()] if isinstance(values, Choice) else [],
        when={name: [shown(each) for each in allowed] for name, allowed in dimension.when.items()} if dimension else {},
        value="" if value is None else shown(value),
    )
