"""Writes the parts of the pages that the code knows itself; the tests insist that there is nothing to rewrite.

python -m infra.pages
"""
