"""A small observation: ConfigMaps, each with a count and a limit, held to a spec that says which may not be above."""

from tests.e2e.places import COUNTER, Body, Place, config_map, inline

BUDGET = COUNTER.replace("return s.count <= 10", "return s.count <= s.LIMIT")
"""Held to what a ConfigMap says: its count may not be above its limit."""


def observing(name: str, **observe: object) -> Body:
    """A SpecCheck that observes the budgets of its namespace."""
    source = {"apiVersion": "v1", "kind": "ConfigMap", "selector": {"matchLabels": {"app": "budget"}}}
    usual = {
        "serviceAccountName": "observer",
        "sources": [{"name": "budget", "kubernetes": source}],
        "parameters": {"LIMIT": "int(object.data.limit)"},
        "variables": {"count": "int(object.data.count)"},
        "tiers": ["State"],
    }
    return inline(name, BUDGET, observe=usual | observe)


def budget(count: object, name: str = "budget", limit: int = 10) -> Body:
    """A ConfigMap to be observed."""
    return config_map(name, {"app": "budget"}, count=str(count), limit=str(limit))


def allow(place: Place) -> None:
    """Let the service account `observer` see them."""
    place.kubectl("create", "serviceaccount", "observer")
    place.kubectl("create", "role", "see", "--verb=get,list,watch", "--resource=configmaps")
    place.kubectl("create", "rolebinding", "see", "--role=see", f"--serviceaccount={place.namespace}:observer")
