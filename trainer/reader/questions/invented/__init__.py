"""Documents of invented entities: names, values, facts and their layouts; asks nothing."""
