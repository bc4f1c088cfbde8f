import json
from pathlib import Path

import httpx
import pytest

from glia import pictures
from glia.pictures import Bars, Curve, Graph, Images, Picture, Points
from glia.tracking.recording.recorder import RunRecorder
from tests.server.recorded import add_picture, confusion, scatter, training

PNG = b"\x89PNG\r\n\x1a\n0000"


def kept(recorder: RunRecorder, client: httpx.Client) -> str:
    """The file of the run's newest medium."""
    return str(client.get(f"/runs/{recorder.id}").json()["media"][-1]["file"])


def test_an_image_is_shown(home: Path, client: httpx.Client) -> None:
    with training(home) as recorder:
        recorder.media("filters", PNG, suffix=".png", kind="image", step=3)
        answer = client.get(f"/runs/{recorder.id}/media/{kept(recorder, client)}")
    assert answer.content == PNG
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"].startswith("inline")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"


@pytest.mark.parametrize("suffix", [".html", ".svg", ".js", ".pkl"])
def test_what_a_browser_might_run_is_only_saved(home: Path, client: httpx.Client, suffix: str) -> None:
    with training(home) as recorder:
        recorder.media("page", b"<script>alert(1)</script>", suffix=suffix, kind="file")
        answer = client.get(f"/runs/{recorder.id}/media/{kept(recorder, client)}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("file", ["none.png", "../run.json", "..%2frun.json", "%2e%2e%2frun.json", "."])
def test_only_files_that_the_run_knows_are_given(home: Path, client: httpx.Client, file: str) -> None:
    with training(home) as recorder:
        recorder.media("filters", PNG, suffix=".png", kind="image")
        (recorder.folder / "media" / "stray.png").write_bytes(PNG)
        for name in (file, "stray.png"):
            answer = client.get(f"/runs/{recorder.id}/media/{name}")
            assert answer.status_code == 404 or "media" not in str(answer.url)
            assert b"PNG" not in answer.content


def test_a_record_that_names_a_file_elsewhere_leads_nowhere(home: Path, client: httpx.Client) -> None:
    with training(home) as recorder:
        recorder.media("filters", PNG, suffix=".png", kind="image")
        file = kept(recorder, client)
        (recorder.folder / "media" / file).unlink()
        answer = client.get(f"/runs/{recorder.id}/media/{file}")
    assert answer.status_code == 404
    assert f"keeps no file '{file}'" in answer.json()["detail"]


ALL: list[Picture] = [
    confusion(3),
    scatter(20),
    Points(title="By choice", x="activation", y="accuracy", groups=(("trials", (1.0,), (0.9,)),), columns=("a", "b")),
    Curve(title="Loss", x="step", y="loss", lines=(("train", (1.0, 2.0), (3.0, float("nan"))),)),
    Bars(
        title="Residuals",
        x="residual",
        y="samples",
        labels=("a", "b"),
        values=(1.0, 2.0),
        intervals=((0.5, 1.5), (1.0, 3.0)),
    ),
    Images(title="Mistakes", images=("a.png",), labels=("7 as 1",)),
    Graph(title="Network", nodes=("x", "y"), edges=((0, 1),)),
]


@pytest.mark.parametrize("picture", ALL, ids=lambda picture: type(picture).__name__)
def test_every_kind_of_picture_comes_back_as_it_was(home: Path, client: httpx.Client, picture: Picture) -> None:
    with training(home) as recorder:
        add_picture(recorder, "validation/it", picture, step=4)
        [found] = client.get(f"/runs/{recorder.id}/pictures").json()["pictures"]
    assert (found["name"], found["step"]) == ("validation/it", 4)
    sent = json.loads(json.dumps(found["picture"]).replace('"NaN"', "NaN"))
    assert str(pictures.from_dict(sent)) == str(picture)


def test_of_pictures_with_one_name_the_newest_and_none_that_is_damaged(home: Path, client: httpx.Client) -> None:
    with training(home) as recorder:
        add_picture(recorder, "confusion", confusion(2), step=1)
        add_picture(recorder, "confusion", confusion(3), step=2)
        recorder.media("broken", b"{", suffix=".json", kind="picture")
        recorder.media("other", b'{"kind": "sculpture"}', suffix=".json", kind="picture")
        found = client.get(f"/runs/{recorder.id}/pictures").json()["pictures"]
    assert [(each["name"], each["step"], len(each["picture"]["rows"])) for each in found] == [("confusion", 2, 3)]


def test_an_older_picture_is_reached_by_its_file(home: Path, client: httpx.Client) -> None:
    with training(home) as recorder:
        add_picture(recorder, "confusion", confusion(2), step=1)
        first = kept(recorder, client)
        add_picture(recorder, "confusion", confusion(3), step=2)
        broken = recorder.media("broken", b"{", suffix=".json", kind="picture")
        found = client.get(f"/runs/{recorder.id}/pictures/{first}").json()
        damaged = client.get(f"/runs/{recorder.id}/pictures/{broken}")
        none = client.get(f"/runs/{recorder.id}/pictures/none.json")
    assert (found["step"], len(found["picture"]["rows"])) == (1, 2)
    assert (damaged.status_code, none.status_code) == (404, 404)


def test_a_sound_is_played_in_parts(home: Path, client: httpx.Client) -> None:
    with training(home) as recorder:
        recorder.media("tone", b"RIFF" + bytes(2000), suffix=".wav", kind="audio")
        at = f"/runs/{recorder.id}/media/{kept(recorder, client)}"
        part = client.get(at, headers={"Range": "bytes=0-3", "Accept-Encoding": "identity"})
    assert (part.status_code, part.content) == (206, b"RIFF")
    assert part.headers["content-type"] == "audio/wav"
