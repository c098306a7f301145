"""The recommender package."""
