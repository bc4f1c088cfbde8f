"""A loop of plain PyTorch, recorded: `python loop_pytorch.py all` or `… resume ID`."""

import contextlib
import sys
import tempfile
from pathlib import Path

import torch
from asking import ask_to_stop, tell
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import glia

STEPS = 12
torch.manual_seed(0)
x = torch.randn(32, 4)
loader = DataLoader(TensorDataset(x, (x.sum(1) > 0).long()), batch_size=8, shuffle=True, num_workers=2)
network = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
optimizer = torch.optim.Adam(network.parameters(), lr=0.01)


def train(run: glia.Run, *, leave_after: int = 0, stop_after: int = 0) -> list[float]:
    """The losses of the steps taken."""
    step, losses = 0, []
    if run.restored:
        saved = torch.load(run.restored / "state.pt", weights_only=True)
        network.load_state_dict(saved["network"])
        optimizer.load_state_dict(saved["optimizer"])
        step = saved["step"]
    while step < STEPS and not run.should_stop:
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(network(inputs), targets)
            loss.backward()
            optimizer.step()
            step += 1
            run.log({"train/loss": loss}, step=step)
            losses.append(loss.item())
            if step == leave_after:
                raise ArithmeticError("the network burst")
        with tempfile.TemporaryDirectory() as folder:
            state = {"network": network.state_dict(), "optimizer": optimizer.state_dict(), "step": step}
            torch.save(state, Path(folder) / "state.pt")
            run.checkpoint(folder)
        if step == stop_after:
            ask_to_stop(run)
    return losses


if sys.argv[1] == "all":
    params = {"optimizer": optimizer, "loader": loader, "model": network}
    with glia.start(project="pytorch", name="whole", params=params) as run:
        run.watch(network, every=4)
        losses = train(run)
    with glia.start(name="stopped") as run:
        train(run, stop_after=8)
    with contextlib.suppress(ArithmeticError), glia.start(name="crashed") as run:
        train(run, leave_after=6)
    tell(losses=losses)
else:
    with glia.start(resume=sys.argv[2]) as run:
        tell(losses=train(run), restored=str(run.restored))
