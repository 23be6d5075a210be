"""docs/architecture.md matches the code: its table is the layers, and the modules that it names exist."""

import configparser
import re
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PACKAGE = TOP / "operator" / "speccheck"
PAGE = (TOP / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_the_table_has_every_package_in_the_order_of_the_layers() -> None:
    table = re.findall(r"^\| (`[^|]+) \|", PAGE, re.MULTILINE)
    named = [name for row in table for name in re.findall(r"`(\w+)`", row)]
    contracts = configparser.ConfigParser()
    contracts.read(TOP / ".importlinter")
    layers = contracts["importlinter:contract:layers"]["layers"].split("\n")[1:]
    wanted = [name.strip() for layer in reversed(layers) for name in layer.split("|")]
    place = {name.strip(): at for at, layer in enumerate(reversed(layers)) for name in layer.split("|")}
    assert sorted(named) == sorted(wanted)
    assert [place[name] for name in named] == sorted(place[name] for name in named)


def test_the_modules_that_it_names_exist() -> None:
    found = set(re.findall(r"\b((?:kube|resource|conform|sources|cli|lang)(?:\.[a-z]+)+)\b", PAGE)) - {"resource.md"}
    places = {name: PACKAGE / name.replace(".", "/") for name in found}
    missing = [name for name, at in places.items() if not (at.is_dir() or at.with_suffix(".py").exists())]
    assert len(found) > 10
    assert missing == []
