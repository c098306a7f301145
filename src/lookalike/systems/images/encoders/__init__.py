"""Encoders of image search: each maps prepared images to vectors of length one."""
