"""The service: answers questions, writes the attention log, swaps generations while it runs.

Importing it defines names and does nothing else; `service.server.run` starts it.
"""
