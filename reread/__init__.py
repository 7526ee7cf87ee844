"""What Reread's processes agree on: the two models and every format that crosses a process.

The service answers a question and logs how strongly the reader attended to each passage.
The trainer distils those scores into the retriever and commits a checkpoint.
The index builder encodes the corpus with it, verifies the result and publishes a generation.
The service swaps to the new generation without dropping a request.

This package imports none of the three; importing it does nothing.
"""
