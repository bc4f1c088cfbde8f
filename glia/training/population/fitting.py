"""The loop of a stack: every network's epochs, side by side, until each has come to its own end.

Letters    M networks, n rows each learns from, v rows each is judged by, B samples of a batch, K outputs.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from glia.nn.random import permutation
from glia.training import devices
from glia.training.checkpoint import Checkpoint
from glia.training.diverged import DivergenceError
from glia.training.events import Warned
from glia.training.loop import progress
from glia.training.population.course import Course
from glia.training.population.individuals import Individual, Outcome
from glia.training.population.metrics import metrics_of
from glia.training.population.pace import Pace
from glia.training.population.samples import SharedSamples, batch_sizes
from glia.training.population.stack import Stack, alike
from glia.training.protocols import Task
from glia.training.running import MOST_VALUES

KEPT_BYTES = 2**25
JUDGED_AT_ONCE = 2**14  # samples, over all networks, that pass through them together in use


class StackFit:
    """One fit of many networks of a kind.

    Args:
        individuals: the networks, none of which was told anything yet.
        samples: what they share.
        states: whether what to go on from is wanted.

    Raises:
        ConfigError: settings that cannot be used.
        RuntimeError: the networks cannot be computed as one; nothing was told and no weight has changed.
    """

    def __init__(self, individuals: Sequence[Individual], samples: SharedSamples, *, states: bool) -> None:
        first = individuals[0]
        self._samples, self._wants_states, self._together = samples, states, len(individuals)
        self._sizes = batch_sizes(len(first.train), first.batch_size)
        self._log_every = first.settings.log_every
        self._set_alike = all(replace(each.settings, seed=0) == replace(first.settings, seed=0) for each in individuals)
        self._courses = [Course(each, place, len(self._sizes)) for place, each in enumerate(individuals)]
        self.stack = Stack(individuals, *samples.pick(first.train[: self._sizes[0]]), self._remark)
        self._kept: list[Tensor] | None = None  # inputs that they are judged by
        self._pace = Pace()
        self._outcomes: list[Outcome] = [Outcome()] * len(individuals)

    def run(self) -> list[Outcome]:
        """Train them all; how each ended, in their order."""
        self._look_at_rows()
        for course in self._courses:
            self._guarded(course, course.begin, devices.describe(self.stack.device))
        self._let_go()
        with self._pace:
            while self._courses:
                try:
                    self._one_epoch()
                except Exception as error:  # of what they do together
                    for course in self._courses:
                        self._guarded(course, _raise, error)
                self._let_go()
        return self._outcomes

    def _one_epoch(self) -> None:
        begun = self._reported = time.perf_counter()
        rows, step = self._rows(), self._courses[0].step
        rates = self._rates()
        draws = self.stack.draws
        seeds = list(zip(*(course.seeds() for course in self._courses), strict=True)) if draws else []
        self._window: list[Tensor] = []
        outputs: list[Tensor] = []
        for number, (inputs, targets) in enumerate(self._samples.batches(rows, self._sizes)):
            learn = partial(self.stack.learn, seeds=seeds[number] if draws else (), apart=rows.dim() == 2)
            if number == len(self._sizes) - 1 and rows.dim() == 2:
                learn = partial(learn, counts=self._lasts)
            losses, given = self._pace.take(partial(learn, inputs, targets, rates[number], step + number + 1))
            self._window.append(losses)
            if given[0].numel() * len(self._sizes) <= MOST_VALUES:
                outputs.append(given)
            if (step + number + 1) % self._log_every == 0:
                self._hear(number + 1, report=True)
                if all(course.error for course in self._courses):
                    return
        self._hear(len(self._sizes), report=False)
        self._judge(rows, outputs)
        for course in self._courses:
            self._guarded(course, course.close_epoch, time.perf_counter() - begun)

    def _rates(self) -> Tensor:
        """(S, M) the learning rates of the epoch's steps; (S, 1) where all networks have the same."""
        found = [course.rates() for course in self._courses[: 1 if self._set_alike else None]]
        alike = all(each == found[0] for each in found)
        return torch.tensor(found[:1] if alike else found, dtype=torch.float64).t().contiguous().to(self.stack.device)

    def _hear(self, steps: int, *, report: bool) -> None:
        """Read the losses since the last report, of all networks at once, and hand them on; `steps` of the epoch."""
        if not self._window:
            return
        found = torch.stack(self._window, 1).tolist()  # M, steps
        taken = len(self._window)
        now = time.perf_counter()
        per_second = taken / max(now - self._reported, 1e-9)

        def tell(course: Course, losses: list[float]) -> None:
            course.take(losses, course.sizes[steps - taken : steps])
            if report:
                course.report(per_second)

        for course, losses in zip(self._courses, found, strict=True):
            self._guarded(course, tell, course, losses)
        self._window, self._reported = [], now

    def _judge(self, rows: Tensor, outputs: Sequence[Tensor]) -> None:
        """Judge the epoch that is over, and keep the weights of those for which it was the best."""
        tasks = [course.individual.task for course in self._courses]
        learned: list[Mapping[str, float] | Exception] = [{} for _ in tasks]
        if outputs:
            counts = [len(course.individual.train) for course in self._courses]
            losses = [course.mean_loss for course in self._courses]
            learned = _metrics(tasks, _joined(outputs).float(), self._targets(rows), counts, losses)
        for course, train, validation in zip(self._courses, learned, self._validation(tasks), strict=True):
            self._guarded(course, _hear_metrics, course, train, validation)
        best = [place for place, each in enumerate(self._courses) if each.is_best and each.error is None]
        self.stack.remember_best(best)

    def _validation(self, tasks: Sequence[Task]) -> list[Mapping[str, float] | Exception | None]:
        """The metrics of each network on the samples that judge it; None where there are none."""
        counts = [len(course.individual.judged) for course in self._courses]
        if not any(counts):
            return [None] * len(counts)
        apart = self._judged.dim() == 2
        outputs = torch.cat([self.stack.outputs(inputs, apart=apart) for inputs in self._judging_inputs()], 1)
        found = _metrics(tasks, outputs, self._targets(self._judged), counts)
        return [each if count else None for each, count in zip(found, counts, strict=True)]

    def _judging_inputs(self) -> Iterable[Tensor]:
        """Those that networks are judged by, as many at once as are to pass through them; kept if they are few."""
        if self._kept is not None:
            return self._kept
        at_once = max(self._sizes[0], JUDGED_AT_ONCE // len(self._courses))
        inputs = (self._samples.pick(part)[0] for part in torch.split(self._judged, at_once, -1))
        if self._judged.numel() * self._samples.sample_bytes <= KEPT_BYTES:
            self._kept = list(inputs)
            return self._kept
        return inputs

    def _targets(self, rows: Tensor) -> Tensor:
        """(M, n, ...), of rows (M, n) or (n,)."""
        targets = self._samples.targets_of(rows)
        return targets if rows.dim() == 2 else targets.expand(len(self._courses), *targets.shape)

    def _rows(self) -> Tensor:
        """The rows of this epoch in its order: (M, n), or (n,) where all networks learn from the same in one order.

        Where networks have fewer rows than others, one that does not count stands in at the end.
        """
        first = self._courses[0]
        keys = [(course.settings.seed, len(course.individual.train)) for course in self._courses]
        orders = {(seed, count): permutation(seed, first.epochs.over, count) for seed, count in set(keys)}
        if self._learn_alike and len(orders) == 1:
            return first.individual.train[orders[keys[0]]]
        return self._learned.gather(1, _filled([orders[key] for key in keys]))

    def _look_at_rows(self) -> None:
        """Find out whether the networks share their rows; as long as they do, samples are gathered once for all."""
        learned = [course.individual.train for course in self._courses]
        self._learned = _filled(learned)
        self._kept = None
        judged = [course.individual.judged for course in self._courses]
        self._learn_alike = all(torch.equal(each, learned[0]) for each in learned)
        judged_alike = all(torch.equal(each, judged[0]) for each in judged)
        self._judged = judged[0] if judged_alike else _filled(judged)  # where some have fewer
        counts = [len(each) for each in learned]
        self._sizes = batch_sizes(max(counts), self._courses[0].individual.batch_size)
        self._lasts = [course.sizes[-1] for course in self._courses] if len(set(counts)) > 1 else []

    def _guarded(self, course: Course, action: Callable[..., None], *given: Any) -> None:
        """Do something for one network; what it raises ends this network and no other."""
        if course.error is not None:
            return
        try:
            action(*given)
        except Exception as error:
            course.error = error
            diverged = isinstance(error, DivergenceError)
            self.stack.write(self._courses.index(course), best=diverged and course.epochs.best > 0)

    def _let_go(self) -> None:
        """Take those that have come to their end out of the stack."""
        for place, course in enumerate(self._courses):
            if course.error is None and course.reason is not None:
                self._guarded(course, self._end, place, course)
            if course.error is not None:
                self._outcomes[course.place] = Outcome(error=course.error, together=self._together)
        staying = [place for place, each in enumerate(self._courses) if each.error is None and each.done is None]
        if 0 < len(staying) < len(self._courses):
            self.stack.keep(staying)
        self._courses = [self._courses[place] for place in staying]
        if self._courses:
            self._look_at_rows()

    def _end(self, place: int, course: Course) -> None:
        """Put the weights kept into the network's module, and tell that it is over."""
        state = self._state(place, course) if self._wants_states else None
        if state is None:
            self.stack.write(place, best=False)  # also what only counts on, such as buffers that are not saved
        if course.settings.keep == "best" and course.epochs.best:
            self.stack.write(place, best=True)
        course.end()
        self._outcomes[course.place] = Outcome(done=course.done, state=state, together=self._together)

    def _state(self, place: int, course: Course) -> Checkpoint:
        best = self.stack.write(place, best=True) if course.epochs.best else {}
        return Checkpoint(
            epoch=course.epochs.over,
            step=course.step,
            model=self.stack.write(place, best=False),
            optimizer=self.stack.optimizer_tensors(place, course.step),
            best=best,
            running={},
            progress=progress(course.epochs, course.seconds()),
        )

    def _remark(self, message: str) -> None:
        for course in self._courses:
            self._guarded(course, course.individual.listen, Warned(message))


def _metrics(
    tasks: Sequence[Task],
    outputs: Tensor,
    targets: Tensor,
    counts: Sequence[int],
    losses: Sequence[float] | None = None,
) -> list[Mapping[str, float] | Exception]:
    """The metrics of each network over its first samples, as many as `counts` says; of none, none."""
    found: list[Mapping[str, float] | Exception] = []
    for part, count in alike(slice(0, len(counts)), counts):
        some = outputs[part, :count], targets[part, :count]
        known = None if losses is None else losses[part]
        found += metrics_of(tasks[part], *some, known) if count else [{} for _ in tasks[part]]
    return found


def _joined(outputs: Sequence[Tensor]) -> Tensor:
    """(M, N, ...) of batches (M, B, ...); outputs (M, N, K) of classes lie class by class, as metrics want them."""
    return torch.cat([each.mT for each in outputs], 2).mT if outputs[0].dim() == 3 else torch.cat(list(outputs), 1)


def _filled(rows: Sequence[Tensor]) -> Tensor:
    """(M, n) of (n,) each, with 0 after those that have fewer."""
    return pad_sequence(list(rows), batch_first=True)


def _hear_metrics(
    course: Course, train: Mapping[str, float] | Exception, validation: Mapping[str, float] | Exception | None
) -> None:
    if isinstance(train, Exception):
        raise train
    if isinstance(validation, Exception):
        raise validation
    course.judge_epoch(train, validation)


def _raise(error: Exception) -> None:
    raise error
