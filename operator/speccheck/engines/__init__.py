"""Engines: each answers `run(model, properties, limits) -> Report`. Siblings, held equal by one suite."""
