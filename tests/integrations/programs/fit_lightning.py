"""A small network trained by Lightning and recorded: `python fit_lightning.py LIBRARY all|crash|interrupt|ranks`."""

import csv
import os
import sys
import warnings
from importlib import import_module

if sys.argv[1:] == ["pytorch_lightning", "all"]:
    sys.modules["lightning"] = None  # type: ignore[assignment]  # as where only the other is installed

import torch
from asking import ask_to_stop, tell
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import glia
from glia.errors import ConfigError
from glia.integrations.lightning import GliaCallback, GliaLogger

warnings.filterwarnings("ignore")
library = import_module(sys.argv[1])
loggers = import_module(f"{sys.argv[1]}.loggers")


class Network(library.LightningModule):
    def __init__(self, width=4, at=None, act=None):
        super().__init__()
        self.save_hyperparameters("width")
        self.at, self.act = at, act
        self.layer = nn.Linear(width, 2)

    def training_step(self, batch, number):
        if self.global_step == self.at:
            self.act()
        return self.judge(batch, "train_loss", on_step=True)

    def validation_step(self, batch, number):
        self.judge(batch, "val_loss")

    def test_step(self, batch, number):
        self.judge(batch, "test_loss")

    def judge(self, batch, name, **when):
        loss = nn.functional.cross_entropy(self.layer(batch[0]), batch[1])
        self.log(name, loss, **when)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9)


def loader(workers=0):
    numbers = torch.Generator().manual_seed(0)
    x = torch.randn(48, 4, generator=numbers)
    return DataLoader(TensorDataset(x, (x.sum(1) > 0).long()), batch_size=8, num_workers=workers)  # six batches


def trainer(logger, *callbacks, **more):
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "log_every_n_steps": 2}
    return library.Trainer(
        accelerator="cpu",
        **({"max_epochs": 2, "devices": 1} | quiet | more),
        logger=logger,
        callbacks=list(callbacks),
    )


def everything() -> None:
    peer = loggers.CSVLogger(".")
    logger = GliaLogger(project="lightning")
    fitting = trainer([logger, peer], GliaCallback(keep_checkpoint=True))
    fitting.fit(Network(), loader(workers=2), loader(workers=2))
    found = fitting.test(Network(), loader(), verbose=False)[0]
    with open(f"{peer.log_dir}/metrics.csv") as file:
        rows = [{name: float(value) for name, value in row.items() if value} for row in csv.DictReader(file)]

    with glia.start(name="joined") as run:
        trainer(GliaLogger(), enable_checkpointing=False).fit(Network(), loader())
        assert run.state == "running"
        run.log(after=1.0)

    logger = GliaLogger(name="stopped")
    network = Network(at=3, act=lambda: ask_to_stop(logger.experiment))
    trainer(logger, GliaCallback(), max_epochs=100, enable_checkpointing=False).fit(network, loader())
    try:
        trainer(False, GliaCallback(), enable_checkpointing=False).fit(Network(), loader())
        refused = ""
    except ConfigError as error:
        refused = str(error)
    tell(rows=rows, found=found, best=fitting.checkpoint_callback.best_model_path, refused=refused)


def crash() -> None:
    def burst() -> None:
        raise ArithmeticError("the third batch burst")

    trainer(GliaLogger()).fit(Network(at=2, act=burst), loader())


def interrupt() -> None:
    def press() -> None:
        raise KeyboardInterrupt

    with glia.start(name="joined"):
        trainer(GliaLogger()).fit(Network(at=2, act=press), loader())


def ranks() -> None:
    logger = GliaLogger(name="ranks")
    network = Network(at=3, act=lambda: ask_to_stop(logger.experiment) if logger.version else None)
    spread = {"devices": 2, "strategy": "ddp", "max_epochs": 100, "enable_checkpointing": False}
    trainer(logger, GliaCallback(), **spread).fit(network, loader())
    if os.environ.get("LOCAL_RANK", "0") == "0":
        tell(version=logger.version)


{"all": everything, "crash": crash, "interrupt": interrupt, "ranks": ranks}[sys.argv[2]]()
