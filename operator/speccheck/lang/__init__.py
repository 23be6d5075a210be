"""The Python surface of the language: values, declarations, actions, and their capture into a Model."""
