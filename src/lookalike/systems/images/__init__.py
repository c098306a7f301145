"""The images package."""
