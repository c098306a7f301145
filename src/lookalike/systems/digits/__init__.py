"""The digits package."""
