"""Recordings: how Asterisk is asked to record, and how a raw file becomes a stored recording."""
