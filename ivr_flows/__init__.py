"""Call flows: what callers hear and choose, written in YAML, checked, and run as generators."""
