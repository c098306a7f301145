"""Raw things to vectors."""
