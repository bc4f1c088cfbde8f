"""Back-propagation written out: `python examples/backpropagation_by_hand.py`.

A 2-3-1 network of sigmoids learns XOR in six stages: initialise, forward, error, back-propagate, update, iterate. Every
gradient is written by the chain rule, with plain tensors and no autograd. Beside it stands the yardstick, a search that
only tries weights, and then the same network as a recipe.

Letters    N samples; of each layer x what comes in, w weights, b biases, net what a unit sums up, out what it puts out.
"""

from itertools import pairwise

import torch

import glia

INPUTS = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=torch.float64)  # N 2
TARGETS = torch.tensor([[0], [1], [1], [0]], dtype=torch.float64)  # N 1
RATE, STEPS = 1.0, 500


def initialise(sizes, low=0.1, high=0.9, seed=0):
    """1. For each layer its weights, one row an input, and its biases; all uniform between low and high."""
    draw = torch.Generator().manual_seed(seed)
    weights = []
    for reads, units in pairwise(sizes):
        drawn = low + (high - low) * torch.rand(reads + 1, units, generator=draw, dtype=torch.float64)
        weights.append((drawn[:-1], drawn[-1]))
    return weights


def forward(weights, x):
    """2. What every layer puts out, the inputs first: net = x w + b, out = 1 / (1 + e^-net)."""
    outs = [x]
    for w, b in weights:
        outs.append(torch.sigmoid(outs[-1] @ w + b))
    return outs


def error(out, targets):
    """3. Half the squared distance from the targets, summed over outputs and samples."""
    return ((out - targets) ** 2).sum() / 2


def back_propagate(weights, outs, targets):
    """4. How the error changes with each weight and bias, from the last layer to the first.

    Along the way of a weight: d error/dw = d error/d out * d out/d net * d net/dw. The first two are the unit's delta.
    """
    gradients = []
    to_out = outs[-1] - targets  # d error/d out of the last layer
    for layer in reversed(range(len(weights))):
        x, out = outs[layer], outs[layer + 1]
        delta = to_out * out * (1 - out)  # a sigmoid's slope is out (1 - out)
        gradients.insert(0, (x.T @ delta, delta.sum(0)))  # net = x w + b: its slope is x, and 1 for the bias
        to_out = delta @ weights[layer][0].T  # every unit behind is blamed by its weight
    return gradients


def update(weights, gradients, rate):
    """5. A step downhill."""
    return [(w - rate * dw, b - rate * db) for (w, b), (dw, db) in zip(weights, gradients, strict=True)]


def learn(weights, x, targets, rate=RATE, steps=STEPS):
    """6. The whole set, again and again; the weights, and the error before each step and after the last."""
    errors = []
    for _ in range(steps):
        outs = forward(weights, x)
        errors.append(error(outs[-1], targets).item())
        weights = update(weights, back_propagate(weights, outs, targets), rate)
    return weights, [*errors, error(forward(weights, x)[-1], targets).item()]


def search(x, targets, goal, sizes=(2, 3, 1), reach=10.0):
    """The yardstick: weights drawn blindly between -reach and reach until the error is no more than the goal."""
    tried = 0
    while True:
        weights = initialise(sizes, -reach, reach, seed=tried)
        tried += 1
        found = error(forward(weights, x)[-1], targets).item()
        if found <= goal:
            return tried, found


def main():
    """Learn, search, and train the recipe."""
    _, errors = learn(initialise((2, 3, 1)), INPUTS, TARGETS)
    for step in (0, 1, 10, 100, 200, 300, 400, 500):
        print(f"after step {step:3}: error {errors[step]:.4f}")

    tried, found = search(INPUTS, TARGETS, goal=errors[-1])
    print(f"Blind search for 13 weights: {tried} networks tried until one had {found:.4f}.")
    print(f"Back-propagation: {STEPS} steps, each worth about 3 of these trials, and every one led downhill.")

    # The recipe's last layer is linear, and learns targets of mean 0 and deviation 1: errors are compared in the
    # target's own unit.
    run = glia.train(
        (INPUTS.numpy(), TARGETS[:, 0].numpy()),
        model="mlp",
        task="regression",
        epochs=STEPS,
        project="by-hand",
        settings={
            "model.hidden": [3],
            "model.activation": "sigmoid",
            "train.optimizer": "sgd",
            "train.learning_rate": RATE,
            "train.batch_size": "all",
            "train.schedule": "constant",
            "task.loss": "squared-error",
            "data.split": {"train": 1.0, "validation": 0.0, "test": 0.0},
        },
    )
    outputs = torch.from_numpy(run.predict(INPUTS.numpy()).values)[:, None]
    print(f"The same as a recipe: error {error(outputs, TARGETS):.1e} after {STEPS} steps.")


if __name__ == "__main__":
    main()
