"""Examples from real public facts and manuals on disk; invents nothing."""
