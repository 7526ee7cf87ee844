"""From a document to passages: sections, sentences, and pieces that can be read at once."""
