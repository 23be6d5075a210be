"""A pod that logs whatever a test writes to a file in it."""

import json
from datetime import UTC, datetime

from tests.e2e.places import Body, Place


def writer(image: str) -> Body:
    """The pod, by the name of `writer`."""
    container = {
        "name": "writer",
        "image": image,
        "command": ["sh", "-c", "echo begun; touch /tmp/lines; exec tail -f /tmp/lines"],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    security = {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}}
    pod = {"containers": [container], "securityContext": security, "terminationGracePeriodSeconds": 1}
    metadata = {"name": "writer", "labels": {"app": "budget"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod}


def writing(place: Place, image: str) -> None:
    """Have the pod there, and ready."""
    place.apply(writer(image))
    place.kubectl("wait", "--for=condition=Ready", "pod/writer", "--timeout=180s")


def write(place: Place, *texts: str) -> None:
    """Have it log these lines."""
    words = ("exec", "writer", f"--namespace={place.namespace}", "--stdin", "--", "sh", "-c", "cat >> /tmp/lines")
    place.cluster.kubectl(*words, text="".join(f"{text}\n" for text in texts))


def line(name: str, **attributes: object) -> str:
    """An event of now as a line."""
    event = {"name": name, "attributes": attributes}
    return json.dumps({"time": datetime.now(UTC).isoformat(), "event": event})
