"""A study as its user holds it: the best trial, all trials as a table, and trials asked for and told about by hand."""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

from glia import recipe as recipes
from glia.errors import ConfigError, NotFoundError
from glia.learner import data_of
from glia.record.drawing import draw
from glia.record.run import Run, opened
from glia.search import plan as plans
from glia.search.concluding import conclude, kept
from glia.search.drawing import best_curve
from glia.search.findings import findings
from glia.search.ledger import AGAIN, Claim, Ledger, as_trial
from glia.search.proposing import WAITING, propose, withdraw
from glia.search.trials import Trial, best_first
from glia.search.workshop import Result, Work, Workshop
from glia.tracking.folder.reader import RunReader
from glia.tracking.folder.trials import TrialBook
from glia.tracking.recording.study import StudyRecorder

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure


class Study:
    """A search over recipes; each of its trials is a run, `<study>/17`.

    Args:
        run: the study's own run.

    Raises:
        NotFoundError: the run is no study.

    Example:
        >>> import glia
        >>> study = glia.tune("iris", vary={"train.learning_rate": [1e-3, 1e-2]}, method="grid", epochs=3)
        >>> study.best.settings
        {'train.learning_rate': 0.01}
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.plan = plans.read(run.folder)
        self._book: TrialBook | None = None
        self._ledger: Ledger | None = None  # once something is asked for
        self._claims: dict[int, Claim] = {}
        self._workshop: Workshop | None = None

    def driven(self, ledger: Ledger, workshop: Workshop) -> "Study":
        """The same, with what its making left open: to be driven by `ask` and `tell`."""
        self._ledger, self._workshop = ledger, workshop
        return self

    @property
    def id(self) -> str:
        """Of its run."""
        return self.run.id

    @property
    def name(self) -> str:
        """Of its run."""
        return self.run.name

    @property
    def state(self) -> str:
        """How it stands."""
        return self.run.state

    @property
    def trials(self) -> list[Trial]:
        """All there are, by number."""
        if self._book is None:
            self._book = TrialBook(self.run.folder)
        else:
            self._book.refresh()
        return [as_trial(each) for each in self._book.facts() if AGAIN not in each.said]

    @property
    def best(self) -> Trial:
        """The trial with the best metric; its run is `study.run_of(study.best)`.

        Raises:
            NotFoundError: none is done yet.
        """
        ranked = best_first(self.trials, self.plan.direction)
        if not ranked:
            how = {"done": "has ended", "running": "is running"}.get(self.state, f"is {self.state}")
            raise NotFoundError(f"Study '{self.name}' ({self.id}) {how}, and no trial of it has come to a metric.")
        return ranked[0]

    @property
    def answer(self) -> str:
        """What it found, in words; empty as long as it has not ended."""
        return "\n".join(kept(self.run.folder).said)

    def run_of(self, trial: Trial | int) -> Run:
        """A trial as a run: its curves, its state, its model if that was kept."""
        return opened(f"{self.id}/{trial if isinstance(trial, int) else trial.number}")

    def frame(self) -> "pandas.DataFrame":
        """A row a trial: number, state, the metric, the settings."""
        import pandas as pd

        return pd.DataFrame(
            {"trial": each.number, "state": each.state, self.plan.metric: each.value, **each.settings}
            for each in self.trials
        )

    def ask(self, n: int = 1, *, settings: Mapping[str, Any] | None = None) -> list[Trial]:
        """Begin the trials that come next, to be trained by you, or by `train`, and told about.

        What somebody has proposed comes first.

        Args:
            n: at most so many; fewer where the method has no more now.
            settings: of one trial, where another library proposes.

        Raises:
            ConfigError: the study has no method of its own and no settings are given, or they do not fit the recipe.
        """
        ledger = self._asked()
        if settings is not None:
            recipes.from_toml(self.run.recipe_toml).with_settings(settings)
            claims = [ledger.ask(settings)]
        else:
            claims = ledger.claim(n)
            if not claims and ledger.method is None:
                raise ConfigError("This study has no method of its own. Propose: study.ask(settings={…})")
        self._claims |= {claim.proposal.number: claim for claim in claims}
        return [Trial(number=each.proposal.number, settings=each.proposal.settings, state="running") for each in claims]

    def tell(self, trial: Trial | int, value: float | None) -> None:
        """Say what a trial that was asked for came to; None: it failed.

        Raises:
            ConfigError: the trial was not asked for here, or was told about before.
        """
        claim = self._claimed(trial)
        if value is None or not math.isfinite(value):
            claim.log.end("failed", "no value" if value is None else f"{self.plan.metric} is {value}")
        else:
            self._asked().done(claim, float(value), summary={self.plan.metric: float(value)})

    def propose(self, settings: Mapping[str, Any]) -> str:
        """Ask who works on the study, now or later, to train a trial with these settings before anything else.

        With nobody at work: `glia tune --resume STUDY --method manual`.

        Args:
            settings: a value for each setting that is varied.

        Returns:
            The proposal's id, for `withdraw`.

        Raises:
            ConfigError: they cannot be tried.
        """
        return propose(RunReader(self.run.folder), settings)

    def withdraw(self, proposal: str) -> None:
        """Take a proposal back.

        Raises:
            ConfigError: there is none of that id, or a trial has begun with it.
        """
        withdraw(RunReader(self.run.folder), proposal)

    @property
    def proposals(self) -> dict[str, Mapping[str, Any]]:
        """The settings of what was proposed and nobody has begun, by id."""
        return {each.id: each.settings for each in RunReader(self.run.folder).proposals}

    def train(self, trials: Trial | Sequence[Trial]) -> list[float | None]:
        """Train trials that were asked for as their recipes say, together, and tell what they came to.

        Returns:
            The metric of each; None of one that failed.
        """
        given = [trials] if isinstance(trials, Trial) else list(trials)
        claims = {each.number: self._claimed(each) for each in given}
        found: dict[int, float | None] = {}

        def told(number: int, result: Result) -> None:
            value = result.summary.get(self.plan.metric, math.nan)
            found[number] = value if math.isfinite(value) and not result.failed else None
            if result.failed:
                claims[number].log.end("failed", result.reason)
            elif not math.isfinite(value):
                claims[number].log.end("failed", f"{self.plan.metric} is {value}")
            else:
                values = [fold[self.plan.metric] for fold in result.folds]
                self._asked().done(claims[number], value, values=values, summary=result.summary)

        shop = self._shop()
        works = [
            Work(
                recipe=shop.recipe.with_settings(claim.proposal.settings),
                log=claim.log,
                told=partial(told, number),
            )
            for number, claim in claims.items()
        ]
        shop.train(works, lambda: False)
        return [found.get(each.number) for each in given]

    def end(self) -> None:
        """A study driven by hand is over; what it found is told and drawn, without a look at the test part."""
        if self._ledger is None:
            return
        recorder, trials = self._ledger.recorder, self._ledger.trials()
        found = findings(trials, metric=self.plan.metric, direction=self.plan.direction)
        with Run(recorder.folder, recorder=recorder) as run:
            conclude(run, recorder, self.plan, trials, found, kept(recorder.folder).test or {})
            run.end("done")
        self._ledger = None

    def leave(self) -> None:
        """Drive it no longer: it is stopped until trials are proposed and `glia tune --resume` trains them."""
        if self._ledger is not None:
            with Run(self.run.folder, recorder=self._ledger.recorder) as run:
                run.end("stopped", WAITING)
            self._ledger = None

    def plot(self) -> "Figure":
        """Every trial, and the best up to each, drawn with matplotlib.

        Raises:
            ConfigError: matplotlib is not installed.
        """
        trials, found = self.trials, kept(self.run.folder)
        same = [each.number for each in best_first(trials, self.plan.direction)[:1]] == [found.best]
        curve = best_curve(
            trials,
            metric=self.plan.metric,
            direction=self.plan.direction,
            interval=found.interval if same else None,
            again=found.again,
        )
        return draw(curve)

    def _claimed(self, trial: Trial | int) -> Claim:
        number = trial if isinstance(trial, int) else trial.number
        if number not in self._claims:
            raise ConfigError(
                f"Trial {number} was not asked for here, or was told about before: study.ask() begins one."
            )
        return self._claims.pop(number)

    def _asked(self) -> Ledger:
        if self._ledger is None:
            recorder = StudyRecorder.reopen(self.run.folder)
            recorder.state("running")
            self._ledger = Ledger(recorder, self.plan)
        return self._ledger

    def _shop(self) -> Workshop:
        if self._workshop is None:
            recipe = recipes.from_toml(self.run.recipe_toml)
            self._workshop = Workshop(recipe, data_of(recipe), folds=self.plan.folds, seed=self.plan.seed)
        return self._workshop

    def __repr__(self) -> str:
        return f"Study({self.id}, {self.name}, {self.state})"

    def _repr_html_(self) -> str:
        table: str = (
            self.frame()
            .sort_values(self.plan.metric, ascending=self.plan.direction == "lower")
            .head(10)
            .to_html(index=False)
        )
        return f"<b>{escape(self.name)}</b> <code>{self.id[:6]}</code><p>{escape(self.answer)}</p>{table}"


def opened_study(reference: str) -> Study:
    """The study with that id, unique beginning of an id, or name.

    Raises:
        NotFoundError: no such study.
    """
    return Study(opened(reference))
