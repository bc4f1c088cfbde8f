"""What the authors' packages make of the same weights and inputs, kept in `tables.safetensors`.

`tests/nn/test_number_embeddings.py` and `tests/models/test_tabm.py` compare. In an environment of its own:

    pip install torch tabm==0.0.3 rtdl_num_embeddings==0.0.12 safetensors
    python tests/nn/references/make_tables.py [FILE]
"""

import sys
from pathlib import Path

import torch
from rtdl_num_embeddings import PeriodicEmbeddings, PiecewiseLinearEmbeddings, compute_bins
from safetensors.torch import save_file
from tabm import TabM
from torch import nn

FILE = Path(__file__).parent / "tables.safetensors"
SAMPLES, NUMBERS, CATEGORIES, BINS, WIDTH = 20, 3, [2, 3], 6, 4


def kept(name: str, module: nn.Module) -> dict[str, torch.Tensor]:
    """The weights of a module under a name."""
    return {f"{name}.{key}": value.clone().contiguous() for key, value in module.state_dict().items()}


def main(file: Path) -> None:
    """Make all modules with random weights, and keep these and what they put out."""
    torch.manual_seed(0)
    x = torch.randn(SAMPLES, NUMBERS)
    categories = torch.stack([torch.randint(size, (SAMPLES,)) for size in CATEGORIES], 1)
    edges = compute_bins(x, BINS)
    piecewise = PiecewiseLinearEmbeddings(edges, WIDTH, activation=False, version="B")
    periodic = PeriodicEmbeddings(NUMBERS, WIDTH, n_frequencies=5, frequency_init_scale=0.1, lite=False)
    tabm = TabM.make(
        n_num_features=NUMBERS,
        cat_cardinalities=CATEGORIES,
        d_out=2,
        num_embeddings=PiecewiseLinearEmbeddings(edges, WIDTH, activation=False, version="B"),
        k=3,
        d_block=5,
        dropout=0.0,
    )
    with torch.no_grad():
        # What begins as zeros or ones would hide a mistake; the first scales stay alike within a column.
        nn.init.normal_(piecewise.linear.weight)
        for name, parameter in tabm.named_parameters():
            if name != "backbone.blocks.0.0.r":
                nn.init.normal_(parameter)
        found = {
            "x": x,
            "categories": categories,
            "edges": torch.stack(edges),
            "ple.outputs": piecewise(x),
            "periodic.outputs": periodic(x),
            "tabm.outputs": tabm(x, categories),
        }
    weights = kept("ple", piecewise) | kept("periodic", periodic) | kept("tabm", tabm)
    save_file({key: value.contiguous() for key, value in (found | weights).items()}, file)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FILE)
