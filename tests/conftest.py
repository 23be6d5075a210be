"""Fixtures and hooks for all tests."""

from tests.cluster.fixtures import (
    cluster,
    project_image,
    pytest_collection_finish,
    pytest_collection_modifyitems,
    pytest_terminal_summary,
    restricted_namespace,
)

__all__ = [
    "cluster",
    "project_image",
    "pytest_collection_finish",
    "pytest_collection_modifyitems",
    "pytest_terminal_summary",
    "restricted_namespace",
]
