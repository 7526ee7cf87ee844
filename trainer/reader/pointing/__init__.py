"""Training an encoder-decoder reader that points: spans, verdicts and refusals in one loss."""
