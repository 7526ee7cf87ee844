"""The starter reader: how it is built from a sentence encoder, and its stages of training."""
