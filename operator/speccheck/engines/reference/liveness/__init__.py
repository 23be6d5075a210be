"""Temporal properties: which behaviours of a complete state graph break them, and a lasso that shows it."""
