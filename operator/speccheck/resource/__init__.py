"""The Kubernetes side as pure functions: bodies of resources in, bodies of resources out.

No module here reads a clock, a file or the network; what they need is an argument. The rim that talks to
an API server is `speccheck.kube`.
"""
