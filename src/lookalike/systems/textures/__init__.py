"""The textures package."""
