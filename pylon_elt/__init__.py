"""Copies a Pylon workspace into a database that you own.

All that is installed has this one name. In a checkout, the folders in here are links to those beside it; a wheel
holds them as they are.
"""
