"""What can be asked, one subject a file.

Each module has one function that takes the service's parts and returns a router.
"""
