"""What the programs share: somebody who asks from outside, and is heard at once."""

import json
from pathlib import Path

from glia.record.run import Run
from glia.tracking.folder.reader import RunReader
from glia.tracking.recording import stopping

stopping.SECONDS_BETWEEN_LOOKS = 0.0  # nobody waits in tests


def ask_to_stop(run: Run) -> None:
    """As `glia runs stop` does."""
    stopping.ask_to_stop(RunReader(Path(run.folder)), "asked by a test")


def tell(**found: object) -> None:
    """What the test compares with, as the last line printed."""
    print(json.dumps(found), flush=True)
