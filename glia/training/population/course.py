"""The course of one network in a stack: how far it may go, what it tells, which of its epochs was the best.

What `glia.training.loop` does for a network alone, weights and steps apart.
"""

import math
import time
from collections.abc import Mapping, Sequence

from glia.nn.seeds import step_seeds
from glia.training import optimizers
from glia.training.diverged import DivergenceError, why
from glia.training.epochs import Epochs
from glia.training.events import EpochDone, FitDone, FitStarted, StepsDone, Warned
from glia.training.loop import Reason
from glia.training.population.individuals import Individual
from glia.training.population.samples import batch_sizes
from glia.training.schedules import schedule


class Course:
    """Where one network is, and what is known of it.

    Args:
        individual: the network; where it has a state, it goes on from there.
        place: its number among those that are trained.
        steps_per_epoch: of each network of the stack.
    """

    def __init__(self, individual: Individual, place: int, steps_per_epoch: int) -> None:
        self.individual, self.place, self.settings = individual, place, individual.settings
        self.steps_per_epoch = steps_per_epoch
        self.sizes = batch_sizes(len(individual.train), individual.batch_size)
        self.epochs = Epochs(self.settings, steps_per_epoch)
        self.rate = schedule(self.settings, self.epochs.most * steps_per_epoch, steps_per_epoch)
        self.step, self.last_mean = 0, math.nan
        self.seconds_before, self.loss_sum = 0.0, 0.0
        self.is_best = False  # the last epoch
        self.error: Exception | None = None
        self.done: FitDone | None = None
        self.reason: Reason | None = None
        self.started = time.perf_counter()
        state = individual.state
        if state is not None:
            self.epochs.restore(state.epoch, state.progress["epochs"])
            self.step = state.step
            self.seconds_before = float(state.progress["seconds"])
        self.step_started = self.step

    def begin(self, device: str) -> None:
        """Tell that it starts, or goes on."""
        settings, individual = self.settings, self.individual
        individual.listen(
            FitStarted(
                epochs=self.epochs.most,
                steps_per_epoch=self.steps_per_epoch,
                train_samples=len(individual.train),
                validation_samples=len(individual.judged),
                parameters=sum(parameter.numel() for parameter in individual.model.parameters()),
                device=device,
                epoch=self.epochs.over,
                step=self.step,
            )
        )
        for remark in optimizers.remarks(settings, self.steps_per_epoch):
            individual.listen(Warned(remark))
        self.reason = self.epochs.end

    @property
    def mean_loss(self) -> float:
        """Over the samples of the epoch, as they were trained on."""
        return self.loss_sum / len(self.individual.train)

    def rates(self) -> list[float]:
        """The learning rates of the epoch that follows."""
        return [self.rate(self.step + number) for number in range(self.steps_per_epoch)]

    def seeds(self) -> list[int]:
        """Those of the draws of its steps."""
        return step_seeds(self.settings.seed, "step", self.epochs.over, self.steps_per_epoch)

    def take(self, losses: Sequence[float], sizes: Sequence[int]) -> None:
        """Hear of the losses of further steps.

        Raises:
            DivergenceError: one is not finite.
        """
        self.step += len(losses)
        if not all(map(math.isfinite, losses)):
            first = self.step - len(losses) + 1
            message = why(losses, first, self.epochs.over + 1, self.last_mean, self.settings)
            raise DivergenceError(message, self.epochs.best, self.epochs.of_best)
        self.loss_sum += math.fsum(loss * size for loss, size in zip(losses, sizes, strict=True))
        self.last_mean = math.fsum(losses) / len(losses)

    def report(self, per_second: float) -> None:
        """Tell of the steps since the last report, taken at `per_second` steps a second."""
        samples = len(self.individual.train)
        self.individual.listen(
            StepsDone(
                epoch=self.epochs.over + 1,
                step=self.step,
                loss=self.last_mean,
                learning_rate=self.rate(self.step - 1),
                samples_per_second=per_second * samples / self.steps_per_epoch,
                seconds_left=(self.epochs.most * self.steps_per_epoch - self.step) * self._seconds_per_step(),
            )
        )

    def judge_epoch(self, train: Mapping[str, float], validation: Mapping[str, float] | None) -> None:
        """Hear of the metrics of the epoch that is over."""
        loss = self.mean_loss
        metrics = {f"train/{name}": value for name, value in {**train, "loss": loss}.items()}
        metrics |= {f"validation/{name}": value for name, value in (validation or {}).items()}
        self.is_best = self.epochs.hear(metrics)
        self.loss_sum, self.last_mean = 0.0, loss

    def close_epoch(self, seconds: float) -> None:
        """Tell of it, and find out whether it was the last."""
        epochs = self.epochs
        self.individual.listen(EpochDone(epochs.over, self.step, epochs.of_last, self.is_best, seconds))
        self.reason = epochs.end or ("stopped" if self.individual.ends_after(epochs.over) else None)

    def end(self) -> None:
        """Tell how it ended; the model holds the weights kept."""
        epochs = self.epochs
        reason = self.reason or "stopped"
        done = FitDone(reason, epochs.over, self.step, epochs.kept, self.seconds(), epochs.of_kept)
        self.individual.listen(done)
        self.done = done

    def seconds(self) -> float:
        """Of training, earlier ones included; of a stack they are those of all its networks."""
        return self.seconds_before + time.perf_counter() - self.started

    def _seconds_per_step(self) -> float:
        return (time.perf_counter() - self.started) / max(1, self.step - self.step_started)
