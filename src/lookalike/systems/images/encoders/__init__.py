"""The encoders package."""
