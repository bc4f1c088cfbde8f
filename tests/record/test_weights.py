import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file, save_model
from torch import nn

import glia
from glia.errors import DataError, NotFoundError
from glia.record.weights import note_weights, weights_in
from glia.tracking.folder.reader import RunReader
from glia.tracking.folder.weights import find, hashes_of
from tests.tracking.runs import recording


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def whole(path: Path) -> str:
    return hashes_of(weights_in(path))[""]


def test_the_format_does_not_matter(tmp_path: Path) -> None:
    state = network().state_dict()
    save_file(state, tmp_path / "a.safetensors")
    torch.save(state, tmp_path / "b.pth")
    torch.save(
        {"state_dict": {f"module.{name}": value for name, value in state.items()}, "epoch": 3}, tmp_path / "c.pt"
    )
    torch.save(state, tmp_path / "d.bin", _use_new_zipfile_serialization=False)
    assert len({whole(tmp_path / name) for name in ("a.safetensors", "b.pth", "c.pt", "d.bin")}) == 1


@pytest.mark.parametrize(
    "dtype",
    [torch.bfloat16, torch.float16, torch.float64, torch.float8_e4m3fn, torch.float8_e5m2, torch.int8, torch.bool,
     torch.complex64, torch.uint16],
)  # fmt: skip
def test_every_type_is_the_same_in_both_formats(tmp_path: Path, dtype: torch.dtype) -> None:
    state = {"x": torch.arange(6).reshape(2, 3).to(dtype), "scalar": torch.tensor(1).to(dtype), "y": torch.ones(3, 0)}
    save_file(state, tmp_path / "a.safetensors")
    torch.save(state, tmp_path / "b.pth")
    assert weights_in(tmp_path / "a.safetensors") == weights_in(tmp_path / "b.pth")


def test_views_count_by_their_values(tmp_path: Path) -> None:
    x = torch.arange(6.0).reshape(2, 3)
    torch.save({"x": x.t(), "c": torch.complex(x, x).conj()}, tmp_path / "a.pth")
    torch.save({"x": x.t().contiguous(), "c": torch.complex(x, -x)}, tmp_path / "b.pth")
    assert whole(tmp_path / "a.pth") == whole(tmp_path / "b.pth")


def test_tied_weights_are_the_same_saved_once_or_twice(tmp_path: Path) -> None:
    tied = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    tied[1].weight = tied[0].weight
    save_model(tied, str(tmp_path / "once.safetensors"))
    torch.save(tied.state_dict(), tmp_path / "twice.pth")
    assert whole(tmp_path / "once.safetensors") == whole(tmp_path / "twice.pth")


def test_what_optimizers_keep_does_not_count(tmp_path: Path) -> None:
    model = network()
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(5, 3)).sum().backward()
    optimizer.step()
    kept = {"model_state_dict": model.state_dict(), "optimizer_state_dict": optimizer.state_dict()}
    torch.save(kept, tmp_path / "checkpoint.pth")
    torch.save(model.state_dict(), tmp_path / "model.pth")
    assert whole(tmp_path / "checkpoint.pth") == whole(tmp_path / "model.pth")


def test_what_would_run_code_is_refused(tmp_path: Path) -> None:
    torch.save(network(), tmp_path / "whole.pth")
    with pytest.raises(DataError, match=r"not executed .*Save the weights by themselves: torch.save"):
        weights_in(tmp_path / "whole.pth")


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="There is no file"):
        weights_in(tmp_path / "none.pth")
    (tmp_path / "x.txt").write_text("x")
    with pytest.raises(DataError, match=r"ends in none of \.safetensors \.pth"):
        weights_in(tmp_path / "x.txt")
    torch.save({"epoch": 3}, tmp_path / "nothing.pth")
    with pytest.raises(DataError, match="holds no weights"):
        weights_in(tmp_path / "nothing.pth")
    torch.save({"x": torch.eye(2).to_sparse()}, tmp_path / "sparse.pth")
    with pytest.raises(DataError, match=r"'x' is torch\.sparse_coo"):
        weights_in(tmp_path / "sparse.pth")


def test_files_of_a_folder_are_noted_and_others_passed_over(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "best"
    (folder / "deep").mkdir(parents=True)
    save_file(network().state_dict(), folder / "deep" / "a.safetensors")
    (folder / "damaged.safetensors").write_bytes(b"x")
    (folder / "notes.txt").write_text("x")
    torch.save(network(), folder / "whole.pth")
    with recording(home) as recorder:
        note_weights(recorder, folder, "best", step=4)
        note_weights(recorder, folder / "deep" / "a.safetensors", "final.safetensors")
        note_weights(recorder, tmp_path / "missing.pth", "missing.pth")
    noted = [(record.file, record.step) for record in RunReader(recorder.folder).weights]
    assert noted == [("best/deep/a.safetensors", 4), ("final.safetensors", None)]


def test_a_trained_model_leads_to_its_run(home: Path, tmp_path: Path) -> None:
    one = glia.train("iris", epochs=2, seed=1, settings={"model.hidden": [4]})
    other = glia.train("iris", epochs=2, seed=2, settings={"model.hidden": [4]})
    torch.save({"module." + name: value for name, value in one.model.state_dict().items()}, tmp_path / "mine.pth")
    found = find(home, hashes_of(weights_in(tmp_path / "mine.pth")))
    assert {each.run for each in found} == {one.id}
    assert "model/weights.safetensors" in [each.file for each in found]
    last = shutil.copy(other.folder / "checkpoints" / "last.safetensors", tmp_path)
    assert {each.run for each in find(home, hashes_of(weights_in(Path(last))))} == {other.id}


def test_weights_kept_by_a_loop_of_ones_own_lead_to_its_run(home: Path, tmp_path: Path) -> None:
    path, folder = tmp_path / "net.pth", tmp_path / "state"
    folder.mkdir()
    with glia.start(project="own") as run:
        torch.save({"model": network().state_dict()}, path)
        run.save_artifact(path)
        save_file({"x": torch.ones(2)}, folder / "x.safetensors")
        run.checkpoint(folder)
    assert [each.run for each in find(home, hashes_of(weights_in(path)))] == [run.id]
    assert [each.run for each in find(home, hashes_of(weights_in(folder / "x.safetensors")))] == [run.id]
