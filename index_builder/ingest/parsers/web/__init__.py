"""What a web page is made of: words, tables, and the furniture that is left out."""
