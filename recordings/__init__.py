"""Recordings: what Asterisk is to record, and how a raw file becomes a stored recording."""
