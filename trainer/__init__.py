"""Turns the attention log into better retriever weights, and trains readers.

A process of its own: it meets the service and the index builder only in the home's files.
"""
