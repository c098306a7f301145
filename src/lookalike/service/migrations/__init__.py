"""How the database came to have the form it has, step by step."""
