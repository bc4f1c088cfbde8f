"""The training loop: batches in, events out.

The loop keeps nothing that is not in a checkpoint, and every random draw is a function of (seed, epoch, step): a fit
killed at any step and resumed ends with the same weights, bit for bit, as one never stopped (on a CPU, at the same
thread count). Nothing is read back from the device between reports, so that the loop costs nothing beside the
arithmetic.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.optim import LBFGS

from glia.nn.random import Draws
from glia.nn.seeds import step_seeds
from glia.recipe import TrainRecipe
from glia.training import checkpoint, devices, optimizers, threads
from glia.training.augmentation.augmenting import augmenting
from glia.training.augmentation.mixing import Mixed
from glia.training.checkpoint import Checkpoint
from glia.training.dense import Dense
from glia.training.diverged import DivergenceError, why
from glia.training.epochs import Epochs
from glia.training.evaluation import outputs_of
from glia.training.events import CheckpointSaved, EpochDone, Event, FitDone, FitStarted, Listener, StepsDone, Warned
from glia.training.levenberg_marquardt import LevenbergMarquardt
from glia.training.members import Losses, trained
from glia.training.memory import kept_between_steps
from glia.training.protocols import Batches, Task
from glia.training.regularisation import Penalty, shorten
from glia.training.residuals import NetworkResiduals, try_out
from glia.training.running import Running
from glia.training.schedules import schedule
from glia.training.stepping import backward, step_of

Reason = Literal["epochs", "early stopping", "converged", "stopped", "budget"]


@dataclass(frozen=True, kw_only=True)
class Control:
    """How a fit is resumed, stopped and bounded from outside."""

    checkpoints: Path | None = None  # the folder for them; None: none are written
    resume: bool = False  # go on from the checkpoint there
    state: Checkpoint | None = None  # go on from this one
    leave: Callable[[Checkpoint], None] | None = None  # hears at the end what to go on from
    should_stop: Callable[[], bool] = lambda: False  # asked after every step
    ends_after: Callable[[int], bool] = lambda epoch: False  # asked after every epoch; True: this was the last
    budget_seconds: float = math.inf  # of training, this time


def fit(
    model: nn.Module,
    task: Task,
    train: Batches,
    validation: Batches | None,
    settings: TrainRecipe,
    *,
    listen: Listener = lambda event: None,
    control: Control | None = None,
) -> FitDone:
    """Train `model` in place on the device where it lies; it ends with the weights that `train.keep` asks for.

    Args:
        model: takes inputs as `train` gives them, returns outputs as `task` takes them.
        task: the loss and the metrics.
        train: batches to learn from.
        validation: batches to judge epochs by; None judges them by the training loss.
        settings: the recipe's `[train]`.
        listen: hears every event, in order, in this thread.
        control: resuming, stopping, a budget; None leaves all three out.

    Raises:
        DivergenceError: the loss is not a finite number any more; the message has the step and the likely cause, and
            the model holds the weights of the best epoch before, if there was one.
        NotFoundError: asked to resume where there is no checkpoint.
    """
    size = train.samples if settings.batch_size == "all" else settings.batch_size
    with kept_between_steps(), threads.suited_to(model, size):
        return _Fit(model, task, train, validation, settings, listen=listen, control=control or Control()).run()


class _Fit:
    """The state of one fit; all of it is in a checkpoint, or follows from the arguments."""

    def __init__(
        self,
        model: nn.Module,
        task: Task,
        train: Batches,
        validation: Batches | None,
        settings: TrainRecipe,
        *,
        listen: Listener,
        control: Control,
    ) -> None:
        self.model, self.task, self.train, self.validation = model, task, train, validation
        self.settings, self.listen, self.control = settings, listen, control
        self.device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
        self.epochs = Epochs(settings, len(train))
        self.steps = self.epochs.most * len(train)
        self.parameters = list(model.parameters())
        self.optimizer = optimizers.build(model, settings)
        self.rate = schedule(settings, self.steps, len(train))
        self.penalty = Penalty(model, settings)
        self.bounded = optimizers.penalised(model, settings) if settings.max_norm else []
        self.precision = devices.precision(self.device)
        self.losses, self.forward, self.draws = Losses(model, task), trained(model), Draws(model)
        self.augment = augmenting(settings.augment)
        self.dense = None if settings.compile else Dense.of(model)
        self.compiled = torch.compile(self.forward, dynamic=False) if settings.compile else self.forward
        self.step = 0
        self.running = Running()
        self.best: dict[str, Tensor] = {}
        self.last_mean = math.nan  # of the last report, told when the loss diverges
        self.saved_once = self.told_disk = False

    def run(self) -> FitDone:
        self.seconds_before = self._restore() if self.control.resume or self.control.state is not None else 0.0
        self.take_optimizer_step = step_of(self.optimizer)
        self.started = self.reported = self.saved = time.perf_counter()
        self.step_started = self.step_reported = self.step
        self.listen(self._fit_started())
        for remark in optimizers.remarks(self.settings, len(self.train)):
            self.listen(Warned(remark))
        reason = self._end_reached()
        try:
            while reason is None:
                reason = self._one_epoch() or self._end_reached() or self._end_asked_for()
            self._save()
            if self.control.leave is not None:
                self.control.leave(self._state().copied())
        except DivergenceError:
            if self.best:
                self.model.load_state_dict(self.best)
            raise
        if self.settings.keep == "best" and self.best:
            self.model.load_state_dict(self.best)
        else:
            self.model.load_state_dict(self._weights_in_use())
        epochs = self.epochs
        done = FitDone(reason, epochs.over, self.step, epochs.kept, self._seconds(), epochs.of_kept)
        self.listen(done)
        return done

    def _one_epoch(self) -> Reason | None:
        """The rest of the epoch begun; a reason when it was left before its end."""
        begun = self.reported = time.perf_counter()
        self.step_reported, size = self.step, self.settings.batch_size
        epoch = self.epochs.over
        taken = self.step - epoch * len(self.train)
        seeds = step_seeds(self.settings.seed, "step", epoch, len(self.train))
        self.train.seek(epoch, taken)
        self.model.train()
        for (inputs, targets), seed in zip(self.train, seeds[taken:], strict=True):
            for group in self.optimizer.param_groups:
                group["lr"] = self.rate(self.step)
            self._take_step(self.compiled if targets.shape[0] == size else self.forward, inputs, targets, seed)
            self.step += 1
            if self.step % self.settings.log_every == 0:
                self._report()
            if self.control.should_stop():
                return "stopped"
            now = time.perf_counter()
            if now - self.started > self.control.budget_seconds:
                return "budget"
            if now - self.saved > self.settings.checkpoint_seconds:
                self._save()
        self._close_epoch(begun)
        return None

    def _take_step(self, forward: Callable[[Tensor], Tensor], inputs: Tensor, targets: Tensor, seed: int) -> None:
        learned: Tensor | Mixed = targets
        if self.augment is not None:
            inputs, learned = self.augment(inputs, targets, seed)
        if isinstance(self.optimizer, LevenbergMarquardt):
            loss, outputs = self.draws.of(seed, partial(self._take_solving_step, self.optimizer, inputs, targets))
        elif isinstance(self.optimizer, LBFGS):
            loss, outputs = self._take_searching_step(self.optimizer, forward, inputs, learned, seed)
        else:
            _, loss, outputs = self._descend(forward, inputs, learned, seed)
            self.take_optimizer_step()
        if self.bounded:
            shorten(self.bounded, self.settings.max_norm)
        self.running.add(loss.detach(), self.losses.joined(outputs.detach()), targets)

    def _descend(
        self, forward: Callable[[Tensor], Tensor], inputs: Tensor, targets: Tensor | Mixed, seed: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The gradients; what is minimised, the loss in it, the outputs."""
        for parameter in self.parameters:
            parameter.grad = None  # as zero_grad does, which takes as long as a small layer
        dense = self.dense if self.dense is not None and self.dense.takes(inputs) else None
        with self.precision:
            outputs, loss = self.draws.of(seed, partial(self._judged, dense or forward, inputs, targets))
        total = self.penalty.added_to(loss) if self.penalty else loss
        backward(total)
        if dense is not None and outputs.grad is not None:
            dense.backward(outputs.grad)
        if self.settings.gradient_clip:
            nn.utils.clip_grad_norm_(self.parameters, self.settings.gradient_clip)
        return total, loss, outputs

    def _judged(
        self, forward: Callable[[Tensor], Tensor], inputs: Tensor, targets: Tensor | Mixed
    ) -> tuple[Tensor, Tensor]:
        outputs = forward(inputs)
        return outputs, self.losses.of(outputs, targets)

    def _take_searching_step(
        self, optimizer: LBFGS, forward: Callable[[Tensor], Tensor], inputs: Tensor, targets: Tensor | Mixed, seed: int
    ) -> tuple[Tensor, Tensor]:
        """L-BFGS asks for gradients several times a step, here with the same random draws; the first is reported."""

        def descend() -> Tensor:
            total, loss, outputs = self._descend(forward, inputs, targets, seed)
            seen.append((loss, outputs))
            return total

        seen: list[tuple[Tensor, Tensor]] = []
        optimizer.step(descend)  # type: ignore[no-untyped-call]
        return seen[0]

    def _take_solving_step(
        self, optimizer: LevenbergMarquardt, inputs: Tensor, targets: Tensor
    ) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            outputs = self.model(inputs)
            loss = self.task.loss(outputs, targets)
        if self.step == self.step_started:
            try_out(optimizer, self.model, self.task, inputs, targets)
        optimizer.step(NetworkResiduals(self.model, self.task, inputs, targets))
        return loss, outputs

    def _close_epoch(self, begun: float) -> None:
        self._refuse_divergence()
        metrics = {f"train/{name}": value for name, value in self.running.metrics(self.task).items()}
        if self.validation is not None:
            with optimizers.averages_in_use(self.optimizer):
                found = self.task.metrics(*outputs_of(self.model, self.validation))
            metrics |= {f"validation/{name}": value for name, value in found.items()}
        metrics |= optimizers.found(self.optimizer)
        is_best = self.epochs.hear(metrics)
        if is_best:
            self.best = self._weights_in_use()
        self.running, self.last_mean = Running(), metrics["train/loss"]
        self.listen(EpochDone(self.epochs.over, self.step, metrics, is_best, time.perf_counter() - begun))
        if not self.saved_once:
            self._save()  # from here on a death costs `checkpoint_seconds` at most, and before an epoch at most

    def _end_reached(self) -> Reason | None:
        if isinstance(self.optimizer, LevenbergMarquardt) and self.optimizer.converged:
            return "converged"
        return self.epochs.end

    def _end_asked_for(self) -> Reason | None:
        return "stopped" if self.control.ends_after(self.epochs.over) else None

    def _weights_in_use(self) -> dict[str, Tensor]:
        """A copy of what is judged and kept: the weights, or their averages."""
        with optimizers.averages_in_use(self.optimizer):
            return {name: value.detach().clone() for name, value in self.model.state_dict().items()}

    def _report(self) -> None:
        self._refuse_divergence()
        now = time.perf_counter()
        self.last_mean = self.running.window_mean()
        per_second = (self.step - self.step_reported) / max(now - self.reported, 1e-9)
        per_step = (now - self.started) / (self.step - self.step_started)  # validation included
        self.reported, self.step_reported = now, self.step
        self.listen(
            StepsDone(
                epoch=self.epochs.over + 1,
                step=self.step,
                loss=self.last_mean,
                learning_rate=self.rate(self.step - 1),
                samples_per_second=per_second * self.train.samples / len(self.train),
                seconds_left=(self.steps - self.step) * per_step,
            )
        )

    def _refuse_divergence(self) -> None:
        losses = self.running.losses()
        if not all(map(math.isfinite, losses)):
            first = self.step - len(losses) + 1
            message = why(losses, first, self.epochs.over + 1, self.last_mean, self.settings)
            raise DivergenceError(message, self.epochs.best, self.epochs.of_best)

    def _seconds(self) -> float:
        return self.seconds_before + time.perf_counter() - self.started

    def _fit_started(self) -> Event:
        return FitStarted(
            epochs=self.epochs.most,
            steps_per_epoch=len(self.train),
            train_samples=self.train.samples,
            validation_samples=self.validation.samples if self.validation is not None else 0,
            parameters=sum(parameter.numel() for parameter in self.model.parameters()),
            device=devices.describe(self.device),
            epoch=self.epochs.over,
            step=self.step,
        )

    def _save(self) -> None:
        """Write a checkpoint of this moment. A full disk is told once and does not end training."""
        self._refuse_divergence()
        if self.control.checkpoints is None:
            return
        self.saved, self.saved_once = time.perf_counter(), True
        try:
            path = checkpoint.write(self.control.checkpoints, self._state())
        except OSError as error:
            if not self.told_disk:
                self.told_disk = True
                self.listen(Warned(f"No checkpoint could be written ({error}). Training goes on without."))
            return
        self.listen(CheckpointSaved(path, self.epochs.over, self.step))

    def _state(self) -> Checkpoint:
        return Checkpoint(
            epoch=self.epochs.over,
            step=self.step,
            model=self.model.state_dict(),
            optimizer=checkpoint.optimizer_tensors(self.optimizer),
            best=self.best,
            running=self.running.tensors(),
            progress=progress(self.epochs, self._seconds()),
        )

    def _restore(self) -> float:
        """Go back to the last checkpoint; the seconds trained before it."""
        state = self.control.state or checkpoint.read(self.control.checkpoints or Path())
        self.epochs.restore(state.epoch, state.progress["epochs"])
        self.step = state.step
        self.model.load_state_dict(state.model)
        checkpoint.restore_optimizer(self.optimizer, state.optimizer)
        self.best = {name: tensor.to(self.device) for name, tensor in state.best.items()}
        self.running = Running.restored(state.running, self.device)
        before, now = state.progress["threads"], torch.get_num_threads()
        if before != now:
            self.listen(
                Warned(
                    f"The run began with {before} threads and goes on with {now}: sums may differ in the last bit. "
                    f"Set OMP_NUM_THREADS={before} for identical weights."
                )
            )
        return float(state.progress["seconds"])


def progress(epochs: Epochs, seconds: float) -> dict[str, Any]:
    """What a checkpoint keeps beside tensors: plain values.

    Args:
        epochs: of the fit so far.
        seconds: of training, earlier ones included.
    """
    return {"epochs": epochs.state(), "seconds": seconds, "threads": torch.get_num_threads()}
