"""Where real data comes from."""
