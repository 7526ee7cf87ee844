"""Homes that earlier versions wrote, kept as small archives, and the script that writes one."""
