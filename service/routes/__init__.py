"""The routes: what each translates from HTTP to the pipeline and back."""
