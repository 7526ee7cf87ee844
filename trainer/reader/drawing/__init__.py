"""Questions that bring their passages, and how a reader's training draws from them."""
