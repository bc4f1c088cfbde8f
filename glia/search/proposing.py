"""Trials by hand: what somebody wants to be tried next in a study, written into its log by whoever asks.

Whoever works on the study begins it before anything else, and exactly once (`Ledger.claim`). Here is what a page needs
for that, which is less than a search: no torch, no samples.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from glia import recipe as recipes
from glia.config import Plain, parse_value
from glia.errors import ConfigError
from glia.recipe import Recipe
from glia.search import plan as plans
from glia.search.dimensions import Choice, shown
from glia.search.ledger import AGAIN, as_trial
from glia.search.plan import Plan
from glia.search.reading import snake
from glia.search.space import Dimension, Space
from glia.search.trials import Trial, best_first
from glia.tracking.folder.reader import RunReader
from glia.tracking.folder.trials import facts_of
from glia.tracking.log.records import PROPOSAL, ProposalRecord
from glia.tracking.log.remarks import user_name

BY_HAND = "trained what was proposed by hand"
"""Why a study is stopped whose search nobody has gone on with."""
WAITING = "waits for trials by hand"
"""Why one is that was begun with no trials."""


@dataclass(frozen=True)
class Wanted:
    """A study as it looks to who proposes.

    Attributes:
        plan: how it searches.
        recipe: from which its trials differ.
        trials: of the search, by number.
        space: what is varied; None where every trial may differ in what it likes, as in a table of trials.
        keys: the settings to be given.
    """

    plan: Plan
    recipe: Recipe
    trials: Sequence[Trial]
    space: Space | None
    keys: tuple[str, ...]

    @property
    def best(self) -> Trial | None:
        """The trial with the best metric; None if none is done."""
        ranked = best_first(self.trials, self.plan.direction)
        return ranked[0] if ranked else None

    def dimension(self, key: str) -> Dimension | None:
        """What a setting may be; None: what the recipe takes."""
        return self.space[key] if self.space is not None else None

    def value(self, key: str, text: str) -> Any:
        """What somebody wrote, as the setting's value: one of the choices, or as in `--set`.

        Example:
            >>> from glia.search.reading import parse
            >>> space = parse(["model.size=[8],[8, 8]", "train.learning_rate=1e-4..1e-1:log"])
            >>> wanted = Wanted(None, None, (), space, space.keys)
            >>> wanted.value("model.size", "[8,8]"), wanted.value("train.learning_rate", "1e-3")
            ([8, 8], 0.001)
        """
        dimension = self.dimension(key) if self.space is None or key in self.space else None
        if dimension is not None and isinstance(dimension.values, Choice):
            for each in dimension.values.all():
                if shown(each) == text.strip():
                    return each
        return parse_value(text.strip())

    def refuse(self, settings: Mapping[str, Any]) -> None:
        """Refuse what cannot be tried.

        Raises:
            ConfigError: why.
        """
        if not settings:
            raise ConfigError("Nothing is set. Give at least one setting its value.")
        if self.space is not None:
            self.space.refuse_others(settings, self.recipe)
        else:
            self.recipe.with_settings(settings)


def wanted(reader: RunReader) -> Wanted:
    """What can be proposed to a study.

    Raises:
        NotFoundError: the run is no study.
    """
    plan = plans.read(reader.folder)
    trials = trials_of(reader)
    space = plan.space if plan.vary else None
    seen = [key for settings in [*plan.rows, *(each.settings for each in trials)] for key in settings]
    keys = space.keys if space is not None else tuple(dict.fromkeys(seen))
    return Wanted(plan, recipes.from_toml(reader.recipe_toml), trials, space, keys)


def trials_of(reader: RunReader) -> list[Trial]:
    """Those of the search, by number."""
    found = [as_trial(each) for each in facts_of(reader) if AGAIN not in each.said]
    return sorted(found, key=lambda each: each.number)


def waits_for_somebody(reader: RunReader) -> bool:
    """Whether something was proposed that nobody has begun, or whose process died or was stopped."""
    left = ("crashed", "lost", "stopped")
    return bool(reader.proposals) or any(each.said.get(PROPOSAL) and each.state in left for each in facts_of(reader))


def propose(reader: RunReader, settings: Mapping[str, Any]) -> str:
    """Ask who works on a study, now or later, to train a trial with these settings; when this returns it is on disk.

    Returns:
        The proposal's id, to withdraw it by.

    Raises:
        ConfigError: they cannot be tried.
        NotFoundError: the run is no study.
    """
    given: Plain = {snake(key): value for key, value in settings.items()}
    wanted(reader).refuse(given)
    record = ProposalRecord(id=os.urandom(4).hex(), settings=given, by=user_name())
    reader.remark(record)
    return record.id


def withdraw(reader: RunReader, id: str) -> None:
    """Take a proposal back.

    Raises:
        ConfigError: there is none of that id, or a trial has begun with it.
    """
    if all(each.id != id for each in reader.proposals):
        raise ConfigError(f"Study '{reader.name}' has no proposal '{id}' any more: it was begun, or taken back.")
    reader.remark(ProposalRecord(id=id, withdrawn=True))
