"""Lightning, as `lightning` or `pytorch_lightning`: `Trainer(logger=GliaLogger(), callbacks=[GliaCallback()])`."""

import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from glia.errors import ConfigError
from glia.integrations.destination import Destination, numbers, phased
from glia.record.run import Run

try:
    from lightning.pytorch.callbacks import Callback
    from lightning.pytorch.loggers.logger import Logger, rank_zero_experiment
    from lightning.pytorch.utilities import rank_zero_only
except ImportError:
    from pytorch_lightning.callbacks import Callback
    from pytorch_lightning.loggers.logger import Logger, rank_zero_experiment
    from pytorch_lightning.utilities import rank_zero_only

BATCHES_BETWEEN_QUESTIONS = 10  # of several processes, which must stop at the same batch


class GliaLogger(Logger):  # type: ignore[misc]
    """Records what a LightningModule logs: `train_loss` as `train/loss`, `val_…` as `validation/…`, `test_…` likewise.

    Steps are the Trainer's own; names without a phase stay as they are. Of several processes the first records.

    Args:
        run: the run to record into; None: the one that `glia.start` began, or else one of its own.
        project: begin a run in this project.
        name: begin a run of this name.
    """

    def __init__(self, run: Run | None = None, *, project: str | None = None, name: str | None = None) -> None:
        super().__init__()
        self._destination = Destination(run, project=project, name=name)

    @property
    @rank_zero_experiment  # type: ignore[untyped-decorator]
    def experiment(self) -> Run:
        """The run, for `self.logger.experiment.image(…)` and the like; begun when first asked for."""
        return self._destination.run or self._destination.begin()

    @property
    def name(self) -> str | None:
        """The run's project: Lightning puts checkpoints below `<project>/<run id>`."""
        return None if self._destination.run is None else self._destination.run.project

    @property
    def version(self) -> str | None:
        """The run's id."""
        return None if self._destination.run is None else self._destination.run.id

    @rank_zero_only  # type: ignore[untyped-decorator]
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Record numbers."""
        named = numbers(metrics, lambda name: "train/epoch" if name == "epoch" else phased(name))
        _ = self.experiment
        self._destination.log(named, step)

    @rank_zero_only  # type: ignore[untyped-decorator]
    def log_hyperparams(self, params: Mapping[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Record parameters."""
        self.experiment.add_params(vars(params) if isinstance(params, Namespace) else params)

    @rank_zero_only  # type: ignore[untyped-decorator]
    def finalize(self, status: str) -> None:
        """End as done, stopped or failed; a later `test` still adds to the run."""
        error = sys.exc_info()[1]
        if isinstance(error, KeyboardInterrupt) and self._destination.run is not None:
            self._destination.run.end("stopped", "interrupted")  # Lightning goes on to leave by SystemExit
        self._destination.end(None if status == "success" else error)


class GliaCallback(Callback):  # type: ignore[misc]
    """What a logger cannot do: records optimizers and loaders, hears a stop asked from outside, keeps the checkpoint.

    Args:
        keep_checkpoint: keep the best checkpoint as the artifact `checkpoint` when `fit` has ended.
    """

    def __init__(self, *, keep_checkpoint: bool = False) -> None:
        super().__init__()
        self._keep_checkpoint = keep_checkpoint

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Refuse to do nothing in silence."""
        if not _loggers(trainer):
            raise ConfigError(
                "GliaCallback needs a GliaLogger to record with: "
                "Trainer(logger=GliaLogger(), callbacks=[GliaCallback()])."
            )

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Record what is trained by what."""
        optimizers = trainer.optimizers
        said = {
            "epochs": trainer.max_epochs,
            "precision": trainer.precision,
            "devices": trainer.world_size,
            "accumulate_grad_batches": trainer.accumulate_grad_batches,
            "gradient_clip_val": trainer.gradient_clip_val,
            "parameters": sum(each.numel() for each in pl_module.parameters()),
            "loader": trainer.train_dataloader,
            "optimizer": optimizers[0] if len(optimizers) == 1 else dict(enumerate(optimizers)),
        }
        for logger in _loggers(trainer):
            logger.log_hyperparams({name: value for name, value in said.items() if value is not None})

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Hear whether training is to stop."""
        if trainer.world_size > 1 and batch_idx % BATCHES_BETWEEN_QUESTIONS:
            return
        asked = trainer.is_global_zero and any(logger.experiment.should_stop for logger in _loggers(trainer))
        if trainer.strategy.reduce_boolean_decision(asked, all=False):
            trainer.should_stop = True

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        """Keep the checkpoint if that was asked for."""
        best = getattr(trainer.checkpoint_callback, "best_model_path", "")
        if self._keep_checkpoint and best and trainer.is_global_zero:
            for logger in _loggers(trainer):
                logger.experiment.save_artifact(best, "checkpoint")


def _loggers(trainer: Any) -> list[GliaLogger]:
    return [logger for logger in trainer.loggers if isinstance(logger, GliaLogger)]
