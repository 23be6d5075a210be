"""Specifications driven by hand, from an ordinary Python program or test: `Execution`."""

from speccheck.executions.drives import Call, Execution, Taken

__all__ = ["Call", "Execution", "Taken"]
