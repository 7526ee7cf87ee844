"""`reread train-reader`: its flags, its data and its plan."""
