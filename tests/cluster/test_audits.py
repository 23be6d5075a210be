"""The API server is given a policy and places for its audit events only while somebody wants them."""

import json
from pathlib import Path
from typing import Any

from tests.cluster.audits import Audit

RULE = {"level": "Metadata", "namespaces": ["watched"]}


def test_without_a_policy_there_are_no_options(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "audit")
    assert audit.options() == []
    audit.write([RULE], {"kind": "Config"})
    assert audit.options()
    audit.remove()
    assert audit.options() == []


def test_only_what_the_rules_say_is_told_of(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "audit")
    audit.write([RULE], {"kind": "Config"})
    options = dict(option.removeprefix("--audit-").split("=") for option in audit.options())
    policy: dict[str, Any] = json.loads(Path(options["policy-file"]).read_text())
    assert policy["rules"] == [RULE, {"level": "None"}]  # the first that fits counts
    assert json.loads(Path(options["webhook-config-file"]).read_text()) == {"kind": "Config"}
    assert options["log-path"] == str(audit.log)
