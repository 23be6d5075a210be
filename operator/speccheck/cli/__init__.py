"""The command line: arguments → one call → rendering → exit status."""
