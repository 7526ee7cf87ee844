"""The next version of a corpus: what stands before it, what is put into it, and its rows."""
