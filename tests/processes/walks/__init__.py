"""Ways through an installation as a person goes them: on the page, and in a terminal."""
