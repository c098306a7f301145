"""The attributes package."""
