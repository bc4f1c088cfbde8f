import math

import pytest

from glia.tracking.capture.line_metrics import LineReader


@pytest.mark.parametrize(
    ("line", "values", "step"),
    [
        ("loss=0.3", {"loss": 0.3}, None),
        ("Loss = -1e-3", {"loss": -0.001}, None),
        ("loss: 0.3, acc: 97.5%", {"loss": 0.3, "acc": 97.5}, None),
        ("loss:0.3", {"loss": 0.3}, None),
        ("step 12 loss 0.3", {"loss": 0.3}, 12),
        ("step=12, loss=0.3 lr=1e-4", {"loss": 0.3, "lr": 1e-4}, 12),
        ("iter 1500: loss 2.31, time 12.5ms", {"loss": 2.31}, 1500),
        ("step 250: train loss 1.95, val loss 2.03", {"train/loss": 1.95, "validation/loss": 2.03}, 250),
        ("Epoch 3/10 - 4s - loss: 0.52 - val_loss: 0.41", {"loss": 0.52, "validation/loss": 0.41}, 3),
        ("Epoch [2/5], Step [100/600], Loss: 0.2", {"loss": 0.2}, 700),
        ("Epoch: 4 | train_acc: .5 | valid/acc: .6 | test-acc: .7",
         {"train/acc": 0.5, "validation/acc": 0.6, "test/acc": 0.7}, 4),
        ("{'loss': 0.41, 'eval_loss': '0.5', 'learning_rate': 2e-05, 'epoch': 1.0}",
         {"loss": 0.41, "validation/loss": 0.5, "learning_rate": 2e-5}, None),
        ("12/12 [====] - 1s 3ms/step - accuracy: 0.9 - loss: 0.25", {"accuracy": 0.9, "loss": 0.25}, None),
        ("[INFO] 2026-11-21 12:30:45,123 INFO: loss=0.25.", {"loss": 0.25}, None),
        ("global_step: 7 model/layer.0/norm: 1.5", {"model/layer.0/norm": 1.5}, 7),
        ("Iteration 30 (of 90): reward 12", {"reward": 12.0}, 30),
        ("top@5: 91", {"top@5": 91.0}, None),
    ],
)  # fmt: skip
def test_metrics_are_read(line: str, values: dict[str, float], step: int | None) -> None:
    found = LineReader().read(line)
    assert found is not None
    assert (found.values, found.step) == (values, step)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "12:30:45 starting",
        "listening on http://localhost:8080",
        "localhost:8080",
        "WARNING: 3 files are missing",
        "took: 12s",
        "loss=0.3abc",
        "v1.2.3",
        "Epoch 3 of 10 took 12 seconds",
        "File 'train.py', line 12",
        "x = [1, 2, 3]",
        "seed: 42",
        "the loss is 3",
        "path=/data/12",
    ],
)
def test_what_is_no_metric_is_passed_over(line: str) -> None:
    assert LineReader().read(line) is None


def test_what_is_not_finite_is_kept() -> None:
    found = LineReader().read("loss: nan grad_norm: inf")
    assert found is not None
    assert math.isnan(found.values["loss"])
    assert found.values["grad_norm"] == math.inf


def test_epochs_may_count_from_zero() -> None:
    reader = LineReader()
    steps = []
    for epoch in range(2):
        for step in (1, 2):
            found = reader.read(f"epoch {epoch} step {step}/2 loss {0.5}")
            steps.append(found.step if found else None)
    assert steps == [1, 2, 3, 4]


def test_a_long_line_is_read_quickly() -> None:
    assert LineReader().read("a" * 60_000) is None
    assert LineReader().read("loss " * 12_000) is None
