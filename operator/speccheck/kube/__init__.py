"""The rim: what talks to an API server, to the evaluator and to the clock.

It carries bodies between them and the pure functions of `resource` and `conform`, which decide. `connections` alone
imports the Kubernetes client, `handlers` alone imports kopf.
"""
