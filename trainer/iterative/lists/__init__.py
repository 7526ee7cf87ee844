"""Ranked passages of many questions: searched, fused, read, scored and measured."""
