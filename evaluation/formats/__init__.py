"""What other tools read and write: BEIR folders, TREC runs and qrels."""
