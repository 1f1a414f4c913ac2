"""The pages on which each project's ops set what agents choose from when a call is over."""
