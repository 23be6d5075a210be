"""Concrete execution: the author's own functions on plain values, independent of capture and evaluation."""
