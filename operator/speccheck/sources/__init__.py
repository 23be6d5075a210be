"""Where observations come from, and what one is."""
