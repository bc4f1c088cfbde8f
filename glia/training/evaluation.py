"""A model used rather than trained: what it puts out for every sample."""

import torch
from torch import Tensor, nn

from glia.training import devices
from glia.training.protocols import Batches


def outputs_of(model: nn.Module, batches: Batches) -> tuple[Tensor, Tensor]:
    """Outputs and targets of one pass in order, all samples in one tensor each; outputs are float32 or float64.

    The model is in evaluation mode meanwhile (dropout off, batch norm by its running statistics).
    """
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    training = model.training
    model.eval()
    outputs, targets = [], []
    batches.seek(0)
    with torch.inference_mode(), devices.precision(device):
        for inputs, wanted in batches:
            given = model(inputs)
            outputs.append(given if given.dtype == torch.float64 else given.float())
            targets.append(wanted)
    model.train(training)
    return torch.cat(outputs), torch.cat(targets)
