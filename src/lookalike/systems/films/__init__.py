"""The films package."""
