"""Compiled loops: plain arrays in, plain arrays out, nothing checked."""
