"""The directory: its rules, its store, and what changes it."""
