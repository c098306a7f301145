"""End-to-end systems, one a file."""
