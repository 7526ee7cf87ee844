"""Requests and responses: schemas, bounds, keys and problems; knows no model."""
