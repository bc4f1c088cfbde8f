from glia import recipe
from glia.config import from_dict, to_dict
from glia.models.building import MODELS, family
from glia.models.catalogue import FILE, catalogue, text


def test_the_file_is_current():
    assert FILE.read_text(encoding="utf-8") == text(), "run: make fix"


def test_every_option_is_described():
    models = catalogue()["models"]
    assert set(models) == set(MODELS)
    for name, entry in models.items():
        assert entry["summary"].endswith("."), name
        for option, described in entry["options"].items():
            assert described["doc"], f"{name}.{option} has no comment"
            assert described["type"]


def test_types_and_choices_are_in_words():
    options = catalogue()["models"]["cnn"]["options"]
    assert options["channels"]["type"] == "list of integer > 0"
    assert options["padding"] == {
        "type": 'integer ≥ 0 or "same"',
        "default": "same",
        "doc": "zeros at each edge, pixels; same: as many as keep the size",
    }
    assert options["dropout"]["type"] == "number ≥ 0 and < 1"
    assert "leaky-relu" in options["activation"]["choices"]
    assert options["initialisation"]["choices"][:2] == ["auto", "he"]


def test_defaults_and_sizes_build_the_configuration():
    for name, entry in catalogue()["models"].items():
        config = family(name).config
        defaults = {option: described["default"] for option, described in entry["options"].items()}
        assert from_dict(config, defaults) == config()
        for size in entry["sizes"].values():
            assert to_dict(from_dict(config, {**defaults, **size})).items() >= size.items()


def test_recipes_read_it():
    assert recipe.from_dict({"model": {"name": "cnn/guide"}}).model.options["channels"] == [64, 32]
