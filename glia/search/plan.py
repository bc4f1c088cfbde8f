"""How a study searches, as its folder keeps it, so that any process can go on with it."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from glia.config import Plain
from glia.errors import ConfigError, NotFoundError
from glia.search.methods.manual import space_of
from glia.search.reading import from_table
from glia.search.space import Space
from glia.search.trials import Direction
from glia.tracking.folder.folders import write_whole

FILE = "study.json"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is searched, and how.

    Attributes:
        method: a name of `glia.search.methods`, or "asked" where somebody else proposes.
        vary: the space, as a table.
        rows: settings one after the other, for the method `manual`.
        trials: how many; None: until the budget or the space is used up.
        folds: 1: one split.
        metric: that is optimised, `validation/accuracy`.
        direction: which way it is better.
        epochs: the most that a trial is trained; None: not said.
        seed: of the search and of the folds.
        again: from how many other seeds the best is trained again.
        budget_seconds: of the whole search, in one process.
    """

    method: str
    metric: str
    direction: Direction
    vary: Plain
    rows: tuple[Plain, ...] = ()
    trials: int | None = None
    folds: int = 1
    epochs: int | None = None
    seed: int = 0
    again: int = 0
    budget_seconds: float = math.inf

    def __post_init__(self) -> None:
        if self.trials is not None and self.trials < 0:
            raise ConfigError(f"trials={self.trials} cannot be: give a count, or leave it out.")
        if self.folds < 1:
            raise ConfigError(f"folds={self.folds} cannot be: give 2 or more, or 1 for one split.")
        if self.again < 0:
            raise ConfigError(f"again={self.again} cannot be: give the number of seeds to train the best from again.")

    @property
    def space(self) -> Space:
        """What is varied."""
        return from_table(self.vary) if self.vary else space_of(self.rows)

    def write(self, folder: Path) -> None:
        """Keep it in the study's folder."""
        values = asdict(self)
        values["budget_seconds"] = self.budget_seconds if math.isfinite(self.budget_seconds) else None
        write_whole(folder / FILE, json.dumps(values, indent=1).encode())


def read(folder: Path) -> Plan:
    """The plan in a study's folder.

    Raises:
        NotFoundError: that is no study.
    """
    try:
        values: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFoundError(
            f"'{folder.name}' is no study: it has no {FILE}. glia runs list shows what there is."
        ) from None
    budget = values.pop("budget_seconds")
    return Plan(**{**values, "rows": tuple(values["rows"])}, budget_seconds=math.inf if budget is None else budget)
