"""What a model means: types, values, operations, nodes, models, and their text and JSON forms."""
