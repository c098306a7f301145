"""Answers to numbers and pictures."""
