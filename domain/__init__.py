"""The vocabulary of a call centre: frozen types that every other package speaks."""
