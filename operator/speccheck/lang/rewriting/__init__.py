"""Plain Python in specs: one transformation of each module's syntax tree, and the hooks it puts in.

`sources` rewrites a text, `modules` loads a rewritten module, `functions` rewrites one function where a module came
another way. What a hook does is decided by its operands: Python's meaning on Python values, the logic on expressions.
"""
