"""FastAGI on top of panoramisk: a caller's channel at our command."""
