"""What the recommenders share: games and films are packages on it."""
