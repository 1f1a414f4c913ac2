"""FastAGI: a caller's channel at our command."""
