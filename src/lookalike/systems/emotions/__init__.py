"""The emotions package."""
