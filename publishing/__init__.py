"""Drafts of flows, their revisions, and which of them calls meet: editions."""
