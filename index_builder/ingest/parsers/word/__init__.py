"""What a Word file is made of: the parts of its archive, and the text inside its paragraphs."""
