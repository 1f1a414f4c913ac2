"""The feature Prompts: recordings that callers hear, and how texts are spoken."""
