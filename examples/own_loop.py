"""A training loop of one's own, recorded by Glia: `python examples/own_loop.py`, then `glia serve`."""

import torch
from sklearn.datasets import load_digits
from torch import nn

import glia

digits = load_digits()
x = torch.tensor(digits.data / 16, dtype=torch.float32)
y = torch.tensor(digits.target)
train, validation = slice(0, 1400), slice(1400, None)

params = {"learning_rate": 0.05, "hidden": 64, "epochs": 15}
network = nn.Sequential(nn.Linear(64, params["hidden"]), nn.ReLU(), nn.Linear(params["hidden"], 10))
optimizer = torch.optim.SGD(network.parameters(), lr=params["learning_rate"], momentum=0.9)

with glia.start(project="own-loop", params=params) as run:
    for epoch in range(params["epochs"]):
        for rows in torch.randperm(1400).split(50):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(network(x[train][rows]), y[train][rows])
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            outputs = network(x[validation])
            accuracy = (outputs.argmax(1) == y[validation]).float().mean()
        run.log({"train": {"loss": loss}, "validation": {"accuracy": accuracy}}, step=epoch)
    wrong = validation.start + (outputs.argmax(1) != y[validation]).nonzero()[0].item()
    run.image("a mistake", digits.images[wrong] / 16)

print(f"{run.name} is {run.state}: accuracy {run.metrics('validation/accuracy')['value'].iloc[-1]:.3f}")
