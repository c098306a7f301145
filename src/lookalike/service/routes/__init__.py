"""The routes of the service, one capability or subject a file.

Each module has one function that takes the service's components, and the served system
where it is about one, and returns a router.
"""
