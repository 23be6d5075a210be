"""Report → what people and programs read: text, JSON, and the Informal Trace Format.

Pure functions over frozen data. Nothing here runs an engine, opens a file or knows a terminal.
"""
