"""Recordings that people upload for prompts: kept in the database, with their history."""
