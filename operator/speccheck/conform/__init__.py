"""Runtime conformance: observations mapped to variables, judged against a Model, tracked as drifts.

`mapping` alone knows CEL; `monitors` and `evaluators` run where a Model may be evaluated; `protocols`, `clients`
and `drifts` need neither, and are all that the operator imports.
"""
