"""The paper's tables and figures beside our own, cell by cell."""
