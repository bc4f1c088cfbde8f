"""Keras 3, on any of its backends: `model.fit(…, callbacks=[GliaCallback()])`."""

import threading
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from glia.integrations.destination import Destination, numbers
from glia.record.run import Run


class GliaCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Records `fit` and `evaluate`.

    An epoch's metrics are `train/…` and `validation/…`, at the number of batches trained on so far. Within an epoch
    Keras tells the mean since its beginning: that is `batch/…`. What `evaluate` finds is `test/…`. A stop asked from
    outside ends the epoch after the batch that is being trained on.

    Args:
        run: the run to record into; None: the one that `glia.start` began, or else one for each `fit`.
        project: begin a run in this project.
        name: begin a run of this name.
        params: what is recorded beside the optimizer and the numbers of epochs and steps, such as the size of a batch,
            which Keras tells no callback.
        every: batches between two records within an epoch; None: none.
    """

    async_safe = True  # batches are told with their number, so Keras need not wait until each is

    def __init__(
        self,
        run: Run | None = None,
        *,
        project: str | None = None,
        name: str | None = None,
        params: Mapping[str, Any] | None = None,
        every: int | None = 100,
    ) -> None:
        super().__init__()
        self._destination = Destination(run, project=project, name=name)
        self._given = dict(params or {})
        self._every = every
        self._guard = threading.Lock()
        self._training = False
        self._before = 0  # batches of the epochs before
        self._done = 0  # batches so far
        self._summarised: Run | None = None  # the run that has the model's summary

    @property
    def run(self) -> Run | None:
        """What is recorded into; None before the first `fit`."""
        return self._destination.run

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Begin."""
        optimizer = getattr(self.model, "optimizer", None)
        self._before = self._done = 0 if optimizer is None else int(_number(optimizer.iterations))
        self._show(self._destination.begin({**_described(self.model, self.params), **self._given}))
        self._training = True

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Count from here."""
        self._before = self._done

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Hear whether training is to stop."""
        if self.run is not None and self.run.should_stop:
            self.model.stop_training = True

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Count; now and then record. Keras may call this from several threads, a later batch before an earlier."""
        steps = (self.params or {}).get("steps")
        last = self._before + (batch + 1 if steps is None else min(batch + 1, steps))
        first = self._before + batch + 1 - getattr(self._model, "steps_per_execution", 1)
        with self._guard:
            self._done = max(self._done, last)
        if self._every is not None and self.run is not None and last // self._every > first // self._every:
            self.run.log(numbers(logs, lambda name: f"batch/{name}"), step=last)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Record what the epoch came to."""
        if self.run is None:
            return
        values = {"train/epoch": epoch + 1.0}
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is not None:
            values["train/learning_rate"] = _number(optimizer.learning_rate)
        self.run.log(values | numbers(logs, _phased), step=self._done)
        self._show(self.run)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """End as done, or as stopped if somebody asked for it."""
        self._training = False
        self._destination.end()

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Record what `evaluate` found; validation within `fit` is told by the epoch."""
        if self._training:
            return
        alone = self.run is None
        run = self._destination.begin(self._given) if self.run is None else self.run
        run.log(numbers(logs, lambda name: f"test/{name}"), step=self._done)
        if alone:
            self._destination.end()

    def _show(self, run: Run) -> None:
        """Record the model's summary, of one that is built by its first batch after that."""
        if self.model.built and self._summarised is not run:
            lines: list[str] = []
            self.model.summary(print_fn=lambda line, *_, **__: lines.append(str(line)))
            run.text("model", "\n".join(lines))
            run.add_params({"model": {"name": self.model.name, "parameters": self.model.count_params()}})
            self._summarised = run


def _phased(name: str) -> str:
    return f"validation/{name.removeprefix('val_')}" if name.startswith("val_") else f"train/{name}"


def _number(value: Any) -> float:
    return float(keras.ops.convert_to_numpy(value))


def _described(model: Any, fit: Mapping[str, Any] | None) -> dict[str, Any]:
    """The parameters of a training, as far as Keras tells."""
    said: dict[str, Any] = {
        "backend": keras.backend.backend(),
        "epochs": (fit or {}).get("epochs"),
        "steps_per_epoch": (fit or {}).get("steps"),
        "loss": _named(getattr(model, "loss", None)),
    }
    if getattr(model, "optimizer", None) is not None:
        said["optimizer"] = model.optimizer.get_config()
    return _told(said)


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is None, and with 0.01 where Keras gives the nearest float32, which nobody would search for."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found[name] = _told(value)
        elif isinstance(value, float):
            with np.errstate(over="ignore"):
                nearest = np.float32(value)
            found[name] = float(str(nearest)) if float(nearest) == value else value
        elif value is not None:
            found[name] = value
    return found


def _named(loss: Any) -> Any:
    if isinstance(loss, Mapping):
        return {str(name): _named(each) for name, each in loss.items()}
    if isinstance(loss, list | tuple):
        return [_named(each) for each in loss]
    return loss if loss is None or isinstance(loss, str) else _name(loss)


def _name(loss: Any) -> str:
    return str(getattr(loss, "name", None) or getattr(loss, "__name__", type(loss).__name__))
