"""`reread report`: a home in one page of HTML, and what stands on it."""
