"""Recordings: what Asterisk is told to record, and how a raw file becomes a kept one."""
