"""A tiny BERT trained by Transformers' Trainer and recorded: `python fit_huggingface.py all|crash|ranks`."""

import os
import sys

import numpy as np
import torch
from asking import ask_to_stop, tell
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainerCallback, TrainingArguments

import glia
from glia.integrations.huggingface import GliaCallback


class Samples(torch.utils.data.Dataset):
    """Whether a sentence has its first word twice."""

    def __len__(self):
        return 32

    def __getitem__(self, number):
        words = torch.randint(1, 50, (6,), generator=torch.Generator().manual_seed(number))
        words[3] = words[0] if number % 2 else words[3]
        return {"input_ids": words, "labels": number % 2}


class At(TrainerCallback):
    """Does something after one step."""

    def __init__(self, step, act):
        self._step, self._act = step, act

    def on_step_begin(self, args, state, control, **kwargs):
        if state.global_step == self._step:
            self._act()


def trainer(*callbacks, **more):
    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    given = {"num_train_epochs": 2, "save_strategy": "no", "eval_strategy": "epoch", "logging_steps": 2} | more
    quiet = {"report_to": "none", "disable_tqdm": True, "use_cpu": True}
    return Trainer(
        BertForSequenceClassification(BertConfig(vocab_size=50, **size)),
        TrainingArguments(output_dir="trained", per_device_train_batch_size=8, learning_rate=0.01, **given, **quiet),
        train_dataset=Samples(),
        eval_dataset=Samples(),
        compute_metrics=lambda judged: {"accuracy": float(np.mean(judged[0].argmax(1) == judged[1]))},
        callbacks=list(callbacks),
    )


def everything() -> None:
    training = trainer(GliaCallback(project="huggingface", keep_model=True), dataloader_num_workers=2)
    training.train()
    found = training.predict(Samples()).metrics

    with glia.start(name="joined") as run:
        trainer(GliaCallback()).train()
        assert run.state == "running"

    callback = GliaCallback(name="stopped")
    stop = At(2, lambda: ask_to_stop(callback.run))
    trainer(stop, callback, num_train_epochs=50, logging_steps=1).train()
    tell(history=training.state.log_history, found=found)


def crash() -> None:
    def burst() -> None:
        raise ArithmeticError("the third batch burst")

    trainer(GliaCallback(), At(2, burst)).train()


def ranks() -> None:
    callback = GliaCallback(name="ranks")
    stop = At(4, lambda: ask_to_stop(callback.run) if callback.run else None)
    trainer(stop, callback, num_train_epochs=50, ddp_backend="gloo").train()
    if os.environ["RANK"] == "0":
        tell(id=callback.run.id)


{"all": everything, "crash": crash, "ranks": ranks}[sys.argv[1]]()
