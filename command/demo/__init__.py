"""`reread demo`: its corpus, its audience and its turn of the loop."""
