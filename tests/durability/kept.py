"""What must hold for a run that was recorded by `RECORDS`, whatever happened to the process meanwhile."""

from blake3 import blake3

from glia.tracking.folder.reader import RunReader

RECORDS = """
def live(home, way, most):
    os.environ["GLIA_HOME"] = home
    use(way)
    run = glia.start(project="violence", params={"rate": 0.1, "layers": [1, 2]})
    say(run.folder)
    for step in range(1, most + 1):
        run.log({"train": {"loss": step / 2, "deep": {"sum": step * 3}}, f"many/{step % 7}": step}, step=step)
        if step % 20 == 0:
            run.tag(**{f"at{step}": "x" * (step % 977)})
        if step % 250 == 0:
            run.image("noise", numpy.full((4, 4), step % 256, numpy.uint8), step=step)
        say(step)
    run.end()
"""


def check(reader: RunReader) -> int:
    """Fail if anything is torn, damaged or missing between; the last step that is there whole."""
    reader.refresh()
    steps: list[int] = []
    for name, factor in (("train/loss", 0.5), ("train/deep/sum", 3)):
        if name not in reader.names():
            return 0
        series = reader.metrics(name)
        steps = series.step.tolist()
        assert steps == list(range(1, len(steps) + 1))
        assert series.value.tolist() == [factor * step for step in steps]
    last = len(steps)  # of `sum`, the later one
    assert reader.params == {"rate": 0.1, "layers": [1, 2]}
    tags = {int(name.removeprefix("at")): value for name, value in reader.tags.items()}
    assert set(range(20, last, 20)) <= set(tags) <= set(range(20, last + 1, 20))
    assert all(value == "x" * (step % 977) for step, value in tags.items())
    pictures = [medium.step for medium in reader.media]
    assert set(range(250, last, 250)) <= set(pictures) <= set(range(250, last + 1, 250))
    for medium in reader.media:
        path = reader.folder / "media" / medium.file
        assert blake3(path.read_bytes()).hexdigest()[:32] == path.stem
    assert not reader.warnings
    assert all(segment.damaged == 0 for segment in reader._segments.values())
    return last
