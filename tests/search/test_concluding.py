"""What a study keeps of what was found, whoever drove it."""

import json

import glia
from glia import pictures
from glia.pictures import Curve, Points
from glia.search.concluding import Kept, kept
from glia.search.study import Study
from glia.tracking.folder.reader import RunReader

RATES = {"train.learning_rate": glia.between(1e-3, 1e-1, log=True)}


def picture(study: Study, name: str) -> pictures.Picture:
    [file] = [each.file for each in RunReader(study.run.folder).media if each.name == name]
    return pictures.from_dict(json.loads((study.run.folder / "media" / file).read_text()))


def test_nothing_is_kept_before_something_was_found() -> None:
    assert kept(glia.tune("iris", model="mlp", vary=RATES, trials=0).run.folder) == Kept()


def test_a_study_that_somebody_drove_says_what_was_found() -> None:
    study = glia.tune("iris", model="mlp", trials=0)
    for number in range(20):
        [trial] = study.ask(
            settings={"train.learning_rate": 10.0 ** (-4 + number / 8), "train.batch_size": 8 + 8 * (number % 2)}
        )
        study.tell(trial, number / 20)
    study.end()
    assert "Best is trial 19" in study.answer
    found = kept(study.run.folder)
    assert (found.best, found.test, found.interval, found.again) == (19, {}, None, 0)
    assert glia.run(study.id).summary["best trial"] == 19
    rate, batch = picture(study, "slice/train.learning_rate"), picture(study, "slice/train.batch_size")
    assert isinstance(rate, Points)
    assert isinstance(batch, Points)
    assert rate.x == "log10 train.learning_rate"  # many numbers over decades are a range
    assert set(batch.groups[0][1]) == {8.0, 16.0}
    study.end()  # nothing is left to be ended


def test_the_curve_of_a_winner_that_was_trained_again_has_its_interval() -> None:
    study = glia.tune("iris", model="mlp", vary=RATES, trials=3, epochs=2, again=3)
    found = kept(study.run.folder)
    assert found.again == 3
    assert found.interval is not None
    drawn = picture(study, "best")
    assert isinstance(drawn, Curve)
    [(name, _, lows, highs)] = drawn.bands
    assert name == "trained again from 3 seeds, 95 %"
    assert (lows[0], highs[0]) == found.interval
    assert f"({found.interval[0]:.4g} to {found.interval[1]:.4g})" in study.answer
    labels = [text.get_text() for text in study.plot().axes[0].get_legend().get_texts()]
    assert labels == ["best so far", "trial", "trained again from 3 seeds, 95 %"]
