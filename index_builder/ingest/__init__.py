"""Documents -> passages: files found, parsed, split, and the next corpus version of them."""
