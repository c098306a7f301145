"""The places package."""
