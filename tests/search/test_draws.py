"""What is drawn for a trial depends on (seed, number) alone, and is torch-free."""

import json
import subprocess
import sys

from glia.search.draws import random_point, random_settings
from glia.search.reading import parse


def test_a_condition_moves_no_other_value() -> None:
    free = parse(["train.optimizer=sgd,adam", "train.momentum=0.0..0.9", "train.l1=0.0..1.0"])
    bound = parse(["train.optimizer=sgd,adam", "train.momentum=0.0..0.9?train.optimizer=sgd", "train.l1=0.0..1.0"])
    for number in range(20):
        point = random_point(free, 5, number)
        assert random_point(bound, 5, number) == point
        assert ("train.momentum" in random_settings(bound, 5, number)) == (point["train.optimizer"] == "sgd")


def test_proposing_and_telling_need_neither_torch_nor_scikit_learn() -> None:
    code = (
        "import json, sys\n"
        "from glia.search import findings, reading, trials\n"
        "from glia.search.methods.method import METHODS, Brief, method_named\n"
        "space = reading.parse(['train.learning_rate=1e-4..1e-1:log:4', 'train.batch_size=16,32'])\n"
        "for name in METHODS:\n"
        "    method_named(name, Brief(space=space, epochs=9, rows=({'a': 1},))).propose([], 2)\n"
        "print(json.dumps([name for name in ('torch', 'sklearn', 'optuna', 'pandas') if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
