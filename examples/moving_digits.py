"""What comes next: two handwritten digits move and bounce; five frames are seen, five foretold.

    python examples/moving_digits.py                 # scikit-learn's digits, a few steps: seconds
    python examples/moving_digits.py mnist 600       # minutes

A ConvLSTM (Shi et al., 2015) beside an LSTM that sees frames as rows of numbers, and beside copying the last one seen.
As in the paper frames are cut into 4x4 patches, read by one network and foretold by a second that begins in the states
the first ended with; the loss is the cross-entropy of a frame, summed over its pixels.
"""

import sys

import torch
import torch.nn.functional as F
from torch import nn

import glia
from glia.nn.conv_lstm import ConvLSTMCell

NAME = sys.argv[1] if len(sys.argv) > 1 else "digits"
STEPS = int(sys.argv[2]) if len(sys.argv) > 2 else 10
SIDE, SEEN, FORETOLD, BATCH, PATCH = 32, 5, 5, 16, 4
RATES = {"LSTM": 2e-3, "ConvLSTM": 1e-2}  # for each the best of those tried
draw = torch.Generator().manual_seed(0)


def read_digits():
    """(N, about 15, about 15) values from 0 to 1."""
    pixels = torch.tensor(glia.dataset(NAME).columns["image"].values())[..., 0] / 255
    small = pixels.shape[1] < 14
    return (F.interpolate(pixels[:, None], scale_factor=2) if small else F.avg_pool2d(pixels[:, None], 2))[:, 0]


def films(digits, count):
    """(count, frames, 1, SIDE, SIDE): two digits a film, each on a straight line, thrown back by the edges."""
    side, frames = digits.shape[-1], SEEN + FORETOLD
    room = SIDE - side
    start = torch.randint(0, 2 * room, (count, 2, 1, 2), generator=draw)
    speed = torch.randint(-3, 4, (count, 2, 1, 2), generator=draw)
    way = (start + speed * torch.arange(frames).view(1, 1, -1, 1)) % (2 * room)
    places = torch.minimum(way, 2 * room - way)  # there and back again
    chosen = digits[torch.randint(len(digits), (count, 2), generator=draw)]
    film = torch.zeros(count, frames, 1, SIDE, SIDE)
    for number, digit, frame in torch.cartesian_prod(torch.arange(count), torch.arange(2), torch.arange(frames)):
        y, x = places[number, digit, frame]
        spot = film[number, frame, 0, y : y + side, x : x + side]
        torch.maximum(spot, chosen[number, digit], out=spot)
    return film


class Forecaster(nn.Module):
    """One cell reads, another foretells, fed with what it foretold before."""

    def __init__(self, reader, teller, cut, output):
        super().__init__()
        self.reader, self.teller, self.output, self.cut = reader, teller, output, cut

    def forward(self, film):
        states = None
        for frame in film.unbind(1):
            states = self.reader(self.cut(frame), states)
        told = []
        for _ in range(FORETOLD):
            states = self.teller(self.cut(frame), states)
            told.append(self.output(states[0]))
            frame = told[-1].sigmoid()
        return torch.stack(told, 1)


def forecaster(kind):
    if kind == "ConvLSTM":
        patches = PATCH**2
        output = nn.Sequential(nn.Conv2d(96, patches, 1), nn.PixelShuffle(PATCH))
        return Forecaster(ConvLSTMCell(patches, 96, 3), ConvLSTMCell(patches, 96, 3), nn.PixelUnshuffle(PATCH), output)
    output = nn.Sequential(nn.Linear(512, SIDE**2), nn.Unflatten(1, (1, SIDE, SIDE)))
    return Forecaster(nn.LSTMCell(SIDE**2, 512), nn.LSTMCell(SIDE**2, 512), nn.Flatten(), output)


def loss_of(logits, film):
    """Cross-entropy of a frame."""
    summed = F.binary_cross_entropy_with_logits(logits, film[:, SEEN:], reduction="sum")
    return summed / (film.shape[0] * FORETOLD)


digits = read_digits()
held = len(digits) // 10
judged = films(digits[:held], 64)
last = judged[:, SEEN - 1 : SEEN].expand_as(judged[:, SEEN:])
# Copied pixels are never quite certain: the doubt is the one that suits these films best.
copied = min(loss_of((doubt + (1 - 2 * doubt) * last).logit(), judged).item() for doubt in (0.02, 0.05, 0.1, 0.15, 0.2))

found = {"copying the last frame": copied}
for kind in ("LSTM", "ConvLSTM"):
    torch.manual_seed(0)
    draw.manual_seed(1)  # both see the same films
    network = forecaster(kind)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATES[kind])
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    with glia.start(project="moving-digits", params={"network": kind, "data": NAME, "steps": STEPS}) as run:
        for step in range(STEPS):
            film = films(digits[held:], BATCH)
            optimizer.zero_grad()
            loss = loss_of(network(film[:, :SEEN]), film)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            run.log({"train": {"loss": loss}}, step=step)
        with torch.no_grad():
            told = network(judged[:, :SEEN])
        found[kind] = loss_of(told, judged).item()
        run.log({"validation": {"loss": found[kind]}}, step=STEPS)
        pair = torch.cat([judged[0], torch.cat([judged[0, :SEEN], told[0].sigmoid()])], dim=2)  # truth above
        run.image("what came, what was foretold", torch.cat(list(pair[:, 0]), dim=1))

for name, loss in found.items():
    print(f"{name:<24}{loss:8.1f}")
