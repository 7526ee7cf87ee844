"""From a question to a logged answer: batching, searching, reading, the generation that serves."""
