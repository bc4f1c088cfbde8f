"""A thousand kills: `python benchmarks/durability.py [--kills 1000] [--seed N] [--save]`.

Each is a process that records through the public API, killed with `kill -9` at an instant drawn at random, by both
ways of writing in turn. Everything whose call had returned must be readable, and nothing torn may ever be shown, also
to a reader that reads while it is written. One violation ends the program with an error.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median

from report import publish, table

sys.path.insert(0, str(Path(__file__).parent.parent))

from glia.tracking.folder.reader import RunReader
from tests.durability.kept import RECORDS, check
from tests.durability.nursery import Nursery, nursery

WAYS = ("map", "write")


def kill_once(children: Nursery, home: Path, way: str, chance: random.Random) -> tuple[int, int]:
    """One run begun, killed and read; how many steps it had reported, and how many are there."""
    children.bear(home, way, 10**9)
    said = children.lines()
    pid = int(next(said).split()[1])
    reader = RunReader(Path(next(said)))
    reported = 0
    for _ in range(chance.randrange(1, 400)):
        reported = int(next(said))
        if chance.random() < 0.02:
            check(reader)
    time.sleep(chance.random() * 0.002)
    reported = int([str(reported), *children.kill(pid)][-1])
    kept = check(reader)
    if reader.state != "crashed" or not reported <= kept <= reported + 1 or check(RunReader(reader.folder)) != kept:
        raise SystemExit(f"{reader.folder}: {reader.state}, {reported} reported, {kept} there")
    return reported, kept


def main() -> None:
    """Read the options, kill, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", action="store_true", help="append to RESULTS.md")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    steps: dict[str, list[int]] = {way: [] for way in WAYS}
    more: Counter[str] = Counter()  # written, killed before the call had returned or been reported
    with tempfile.TemporaryDirectory() as folder, nursery(RECORDS) as children:
        for number in range(options.kills):
            way = WAYS[number % 2]
            reported, kept = kill_once(children, Path(folder) / ".glia", way, chance)
            steps[way].append(kept)
            more[way] += kept > reported
            if number % 100 == 99:
                print(f"{number + 1} of {options.kills}", file=sys.stderr)
    rows = [
        [way, len(steps[way]), f"{median(steps[way]):,.0f}", f"{max(steps[way]):,}", more[way], 0, 0] for way in WAYS
    ]
    header = ["way", "kills", "steps, median", "most", "one more than reported", "lost", "torn"]
    publish("`kill -9` at random instants", table(header, rows), save=options.save)


if __name__ == "__main__":
    main()
