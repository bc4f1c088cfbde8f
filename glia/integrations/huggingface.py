"""Hugging Face Transformers: `Trainer(…, callbacks=[GliaCallback()])`."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback

from glia.integrations.destination import Destination, numbers, phased
from glia.record.run import Run

STEPS_BETWEEN_QUESTIONS = 10  # of several processes, which must stop at the same step
WHOLE = {"train_loss": "train/mean_loss"}  # of the whole training; `train/loss` is the curve


class GliaCallback(TrainerCallback):  # type: ignore[misc]
    """Records what a Trainer logs: `loss` as `train/loss`, `eval_…` as `validation/…`, `test_…` as `test/…`.

    Steps are the Trainer's own. Of several processes the first records. A stop asked from outside ends training after
    the step.

    Args:
        run: the run to record into; None: the one that `glia.start` began, or else one for each training.
        project: begin a run in this project.
        name: begin a run of this name.
        keep_model: keep the model, and its tokenizer, as the artifact `model` when training has ended.
    """

    def __init__(
        self,
        run: Run | None = None,
        *,
        project: str | None = None,
        name: str | None = None,
        keep_model: bool = False,
    ) -> None:
        self._destination = Destination(run, project=project, name=name)
        self._keep_model = keep_model

    @property
    def run(self) -> Run | None:
        """What is recorded into; None before training, and in all processes but the first."""
        return self._destination.run

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Begin."""
        if state.is_world_process_zero:
            self._destination.begin(_described(args, kwargs.get("model")))

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        """Record."""
        if state.is_world_process_zero:
            if self.run is None:
                self._destination.begin()
            named = numbers(logs, lambda name: WHOLE.get(name) or phased(name, "train"))
            self._destination.log(named, state.global_step)

    def on_predict(self, args: Any, state: Any, control: Any, metrics: Mapping[str, Any], **kwargs: Any) -> None:
        """Record what `predict` found."""
        self.on_log(args, state, control, logs=metrics)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Hear whether training is to stop."""
        asked = self.run is not None and self.run.should_stop
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            if state.global_step % STEPS_BETWEEN_QUESTIONS:
                return
            told = torch.tensor(int(asked), device=args.device)
            torch.distributed.broadcast(told, src=0)
            asked = bool(told)
        if asked:
            control.should_training_stop = True

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Keep the model if that was asked for, and end as done, or as stopped."""
        if self._keep_model and self.run is not None:
            _keep(self.run, kwargs.get("model"), kwargs.get("processing_class"))
        self._destination.end()


def _described(args: Any, model: Any) -> dict[str, Any]:
    """The training arguments without those that are empty, and what the model's configuration differs in."""
    given = {name: value for name, value in args.to_dict().items() if not name.endswith("_token")}
    said = {name: value for name, value in given.items() if isinstance(value, bool | int | float) or value}
    about: dict[str, Any] = {"class": type(model).__name__, "parameters": sum(p.numel() for p in model.parameters())}
    if hasattr(getattr(model, "config", None), "to_diff_dict"):
        about |= model.config.to_diff_dict()
    return {**said, "model": about}


def _keep(run: Run, model: Any, processing: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        if hasattr(model, "save_pretrained"):
            model.save_pretrained(folder)
        else:
            from safetensors.torch import save_model

            save_model(model, str(Path(folder) / "model.safetensors"))
        if hasattr(processing, "save_pretrained"):
            processing.save_pretrained(folder)
        run.save_artifact(folder, "model")
