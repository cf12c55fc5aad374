"""Configs: what they say, what is refused, and that those of the project can be read."""

import math
from pathlib import Path

import pytest

from farpoint.learning import STRATEGIES
from farpoint_experiments import config as configs

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
TABLE = {
    "title": "t",
    "dataset": "digits",
    "model": "mlp",
    "initial": 20,
    "budget": 10,
    "queries": 1,
    "seeds": [0],
    "strategies": ["random"],
}


def parsed(**changes):
    return configs.parsed({**TABLE, **changes}, "c.toml")


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_configs_of_the_project(path):
    config = configs.read(path)
    assert all(choice.name in STRATEGIES for choice in config.strategies)
    assert configs.parsed(configs.as_table(config), "again") == config


def test_strategies_have_options_and_labels():
    config = parsed(strategies=["random", {"name": "k-center", "label": "cosine", "metric": "cosine"}])
    assert config.strategies[1] == configs.Choice("k-center", "cosine", {"metric": "cosine"})
    assert config.strategies[0].label == "random"


def test_settings_on_the_command_line():
    path = CONFIGS / "digits.toml"
    config = configs.read(path, ["training.max_epochs=5", "seeds=[7]", "data.folder=/some/where", "title=a title"])
    assert config.training.max_epochs == 5 and config.seeds == (7,) and config.data == {"folder": "/some/where"}
    assert config.title == "a title"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bugdet": 3}, "c.toml: no key 'bugdet'; is it 'budget'?"),
        ({"training": {"epochs": 3}}, r"\[training\]: no key 'epochs'"),
        ({"dataset": "imagenet"}, "no dataset 'imagenet'; there are: fashion_mnist"),
        ({"model": "resnet"}, "no model 'resnet'"),
        ({"budget": 0}, "budget = 0 is no whole number of at least 1"),
        ({"initial": 2.5}, "c.toml: initial = 2.5 is no whole number"),
        ({"budget": True}, "budget = True is no whole number"),
        ({"radii": "yes"}, "radii = 'yes' is no true or false"),
        ({"title": 3}, "title = 3 is no text"),
        ({"data": 3}, "data = 3 is no table"),
        ({"training": 3}, "training = 3 is no table"),
        ({"training": {"batch": "abc"}}, r"c.toml, \[training\]: batch = 'abc' is no whole number"),
        ({"training": {"max_epochs": 1.5}}, r"\[training\]: max_epochs = 1.5 is no whole number"),
        ({"training": {"learning_rate": math.nan}}, r"\[training\]: learning_rate = nan is no finite number"),
        ({"training": {"batch": 1}}, "c.toml, training: batch is 1; it is at least 2"),
        *(({"seeds": seeds}, "is no list of whole numbers from 0") for seeds in ([0.5], [-1], ["a"], [True], "abc", 3)),
        ({"strategies": "random"}, "strategies = 'random' is no list of names and tables"),
        ({"strategies": [["random"]]}, r"strategies: name = \['random'\] is no text"),
        ({"strategies": [{"name": 3}]}, "strategies: name = 3 is no text"),
        ({"strategies": [{"name": "margin", "label": 3}]}, "strategies: label = 3 is no text"),
        ({"strategies": [{"name": "margin", "label": "start"}]}, "no strategy is labeled 'start'"),
        ({"strategies": [{"name": "random", "label": "chance"}]}, "'random' is labeled 'chance'"),
        ({"strategies": [{"name": "margin", "label": "random"}]}, "'margin' is labeled 'random'"),
        ({"strategies": [{"name": "k-center", "random_state": 3}]}, "'k-center' takes no option 'random_state'"),
        ({"strategies": [{"name": "k-center", "metrik": "cosine"}]}, "c.toml: strategy 'k-center': .*'metrik'"),
        ({"strategies": [{"name": "ceal", "criterion": "least"}]}, "c.toml: criterion='least' is none of"),
        ({"strategies": [{"name": "k-median", "metric": "cosin"}]}, "c.toml: metric='cosin' is neither"),
        ({"seeds": []}, "seeds are distinct"),
        ({"seeds": [1, 1]}, "seeds are distinct"),
        ({"strategies": ["random", "random"]}, "two strategies are labeled random"),
        ({"strategies": [{"label": "x"}]}, "a strategy without a name"),
        ({"training": {"optimizer": "lion"}}, "no optimizer 'lion'"),
    ],
)
def test_configs_that_cannot_be(changes, message):
    with pytest.raises(ValueError, match=message):
        parsed(**changes)


def test_what_is_missing_is_named():
    table = {key: value for key, value in TABLE.items() if key not in ("budget", "model")}
    with pytest.raises(ValueError, match="model, budget must be given"):
        configs.parsed(table, "c.toml")


def test_files_that_are_no_configs(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("title = ")
    with pytest.raises(ValueError, match="c.toml"):
        configs.read(path)
    with pytest.raises(ValueError, match="--set budget: KEY=VALUE"):
        configs.read(CONFIGS / "digits.toml", ["budget"])
    with pytest.raises(ValueError, match="--set budget.rows=3: budget is no table"):
        configs.read(CONFIGS / "digits.toml", ["budget.rows=3"])


def test_a_digest_is_of_what_is_trained():
    told = configs.digest(parsed())
    assert told == configs.digest(parsed(title="u", seeds=[1, 2], queries=3, strategies=["margin"]))
    others = [parsed(model="cnn_small"), parsed(initial=30), parsed(pool=900), parsed(data={"folder": "x"})]
    others += [parsed(training={"max_epochs": 7}), parsed(features="logits")]
    assert len({told, *map(configs.digest, others)}) == 1 + len(others)


def test_budgets_beyond_the_pool():
    with pytest.raises(ValueError, match="20 [+] 200 x 10 = 2020 rows are labeled, of 1297"):
        parsed(queries=200).load()
    with pytest.raises(ValueError, match="pool = 5000, but digits has 1297 rows"):
        parsed(pool=5000).load()


def test_a_pool_is_cut_to_the_same_rows():
    data = parsed(pool=300).load()
    assert len(data.pool) == len(data.labels) == 300
    assert (data.pool == parsed(pool=300, seeds=[5]).load().pool).all()
