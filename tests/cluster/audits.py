"""What the API server tells of requests as audit events: its policy, and where they go. Nothing unless it was written.

Takes rules and a webhook; gives the API server's options. The files are the API server's to read when it starts.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

BATCH_WAIT = "1s"
"""For how long events are collected before they are posted; 30 s by default."""


@dataclass(frozen=True, slots=True)
class Audit:
    """The files of it, all in `directory`, which is there while requests are told of."""

    directory: Path

    @property
    def log(self) -> Path:
        """One event a line, as the log backend writes them."""
        return self.directory / "audit.log"

    @property
    def _policy(self) -> Path:
        return self.directory / "policy.json"

    @property
    def _webhook(self) -> Path:
        return self.directory / "webhook.kubeconfig"

    def write(self, rules: Sequence[Mapping[str, object]], webhook: Mapping[str, object]) -> None:
        """Have requests told of by these rules of a policy, and no others; `webhook` is a kubeconfig."""
        policy = {
            "apiVersion": "audit.k8s.io/v1",
            "kind": "Policy",
            "omitStages": ["RequestReceived"],
            "rules": [*rules, {"level": "None"}],
        }
        self.directory.mkdir(mode=0o700)
        self._policy.write_text(json.dumps(policy))
        self._webhook.write_text(json.dumps(webhook))

    def remove(self) -> None:
        """Have nothing told any more."""
        shutil.rmtree(self.directory)

    def options(self) -> list[str]:
        """The API server's."""
        if not self.directory.exists():
            return []
        return [
            f"--audit-policy-file={self._policy}",
            f"--audit-log-path={self.log}",
            f"--audit-webhook-config-file={self._webhook}",
            f"--audit-webhook-batch-max-wait={BATCH_WAIT}",
        ]
