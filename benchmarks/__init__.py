"""How fast and how precise conformance is, measured; README.md has the figures."""
