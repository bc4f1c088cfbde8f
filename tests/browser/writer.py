"""A program that trains: `python -m tests.browser.writer HOME` logs an epoch for each line it is sent, then ends."""

import sys
from pathlib import Path

from tests.server.recorded import finish, log_epochs, training

with training(Path(sys.argv[1]), name="live-lark-1") as recorder:
    log_epochs(recorder, range(1, 2))
    print(recorder.id, flush=True)
    for epoch, _ in enumerate(sys.stdin, start=2):
        log_epochs(recorder, range(epoch, epoch + 1))
    finish(recorder, best_epoch=3, values={"validation/loss": 0.25, "validation/accuracy": 0.925})
