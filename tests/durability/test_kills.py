"""`kill -9` at any instant: every value whose `log()` returned is readable, and nothing torn is ever shown."""

import os
import random
from pathlib import Path

import pytest

from glia.tracking.folder.reader import RunReader
from glia.tracking.log.segment_reader import SegmentReader
from glia.tracking.log.sinks import Way
from tests.durability.kept import RECORDS, check
from tests.durability.nursery import nursery
from tests.tracking.children import child, lines

KILLS = 10  # by each way; benchmarks/durability.py does a thousand

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

FAST = """
import sys
from pathlib import Path
from glia.tracking.log.writer import SegmentWriter
writer = SegmentWriter(Path(sys.argv[1]), way=sys.argv[2])
step = 0
while True:
    writer.append(1, step, 0, step / 2)
    if step == 0:
        print("ready", flush=True)
    step += 1
"""


def test_kill_9_loses_nothing_that_was_logged(home: Path, way: Way) -> None:
    chance = random.Random(way)
    with nursery(RECORDS) as children:
        for _ in range(KILLS):
            children.bear(home, way, 10**9)
            said = children.lines()
            pid = int(next(said).split()[1])
            reader = RunReader(Path(next(said)))
            for _ in range(chance.randrange(1, 400)):
                reported = next(said)
                if chance.random() < 0.05:  # the reader reads while it is written
                    assert check(reader) >= int(reported) - 1
                    assert reader.state == "running"
            reported = ([reported, *children.kill(pid)])[-1]
            assert reader.state == "crashed"
            for each in (reader, RunReader(reader.folder)):
                assert int(reported) <= check(each) <= int(reported) + 1


def test_a_reader_beside_a_fast_writer_sees_only_whole_slots(tmp_path: Path, way: Way) -> None:
    with child(FAST, tmp_path / "1.log", way) as process:
        assert next(lines(process)) == "ready"
        reader, seen = SegmentReader(tmp_path / "1.log"), 0
        while seen < 200_000:
            for news in reader.refresh():
                steps = news.values["step"]
                assert steps.tolist() == list(range(seen, seen + len(steps)))
                assert (news.values["value"] == steps / 2).all()
                seen += len(steps)
        assert reader.damaged == 0
