"""What the recommenders share: games, films and shop are packages on it."""
