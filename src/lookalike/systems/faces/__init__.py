"""The faces package."""
