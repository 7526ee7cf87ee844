"""Documents on the command line: taken in, listed, cut again."""
