"""Random search: the law of the best of n, and why it beats a grid where few settings matter."""

from collections.abc import Iterator, Sequence

import numpy as np

from glia.search.methods.grid import Grid
from glia.search.methods.method import Brief
from glia.search.methods.random import Random
from glia.search.reading import parse
from glia.search.trials import Trial
from tests.search.methods.playing import played

SQUARE = parse(["x=0.0..1.0", "y=0.0..1.0"])


def test_the_best_of_60_is_among_the_best_twentieth_in_95_of_100_searches() -> None:
    # P = 1 - 0.95^60 = 0.9539; over 2,000 searches its standard deviation is 0.0047.
    space = parse(["x=0.0..1.0"])
    hits = 0
    for seed in range(2000):
        proposals = Random(Brief(space=space, seed=seed)).propose([], 60)
        hits += max(each.settings["x"] for each in proposals) > 0.95
    assert abs(hits / 2000 - (1 - 0.95**60)) < 4 * 0.0047


def test_16_random_points_beat_a_grid_of_4_by_4_where_one_of_two_settings_matters() -> None:
    # Of 16 points on a line the best is nearer to a peak anywhere than the best of 4: the grid spends the rest on y.
    steps = parse(["x=0.0..1.0:0.3333333", "y=0.0..1.0:0.3333333"])
    grid = Grid(Brief(space=steps)).propose([], 16)
    assert len(grid) == 16
    wins = 0
    for seed, peak in enumerate(np.random.default_rng(0).random(400)):
        random = Random(Brief(space=SQUARE, seed=seed)).propose([], 16)
        wins += min(abs(each.settings["x"] - peak) for each in random) < min(
            abs(each.settings["x"] - peak) for each in grid
        )
    assert wins / 400 > 0.8


def test_a_trial_depends_on_the_seed_and_its_number_alone() -> None:
    at_once = Random(Brief(space=SQUARE, seed=3, trials=20)).propose([], 100)
    one_by_one = played(Random(Brief(space=SQUARE, seed=3, trials=20)), lambda *_: 0.0, count=1)
    assert [each.settings for each in at_once] == [each.settings for each in one_by_one]
    other = Random(Brief(space=SQUARE, seed=4)).propose([], 20)
    assert all(one.settings != another.settings for one, another in zip(at_once, other, strict=True))


def test_values_are_uniform_and_on_their_own() -> None:
    drawn = Random(Brief(space=SQUARE, seed=0)).propose([], 4000)
    x, y = np.array([list(each.settings.values()) for each in drawn]).T
    assert np.abs(np.histogram(x, 10, (0, 1))[0] / 400 - 1).max() < 0.2
    assert abs(np.corrcoef(x, y)[0, 1]) < 0.05


def test_of_few_choices_each_combination_is_tried_once() -> None:
    space = parse(["train.optimizer=sgd,adam", "train.momentum=0.0..0.9:0.1?train.optimizer=sgd", "y=1,2"])
    random = Random(Brief(space=space, seed=0))
    assert space.size == 22
    drawn = [str(each.settings) for each in random.propose([], 100)]
    assert len(drawn) == len(set(drawn)) == 22
    assert [str(each.settings) for each in played(random, lambda *_: 0.0, count=3)] == drawn
    # Each optimizer is as likely at first, though one has ten times the combinations.
    firsts = [Random(Brief(space=space, seed=seed)).propose([], 1)[0].settings for seed in range(200)]
    assert 70 < sum(each["train.optimizer"] == "adam" for each in firsts) < 130


class Counted(Sequence[Trial]):
    """Trials that count how often they are looked at."""

    def __init__(self, trials: Sequence[Trial]) -> None:
        self.trials, self.looks = trials, 0

    def __len__(self) -> int:
        return len(self.trials)

    def __getitem__(self, place: int) -> Trial:  # type: ignore[override]
        self.looks += 1
        return self.trials[place]

    def __iter__(self) -> Iterator[Trial]:
        for place in range(len(self.trials)):
            yield self[place]


def test_to_propose_one_more_the_trials_there_are_are_not_gone_through() -> None:
    # 10,000 trials one by one stay cheap only so.
    trials = Counted([Trial(number=number, settings={}, state="done") for number in range(10_000)])
    for method in (Random(Brief(space=SQUARE)), Grid(Brief(space=parse(["a=1..1000", "b=1..1000?a=5", "c=1..1000"])))):
        trials.looks = 0
        [proposal] = method.propose(trials, 1)
        assert proposal.number == 10_000
        assert trials.looks <= 2
