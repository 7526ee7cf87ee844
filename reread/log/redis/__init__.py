"""The log and the job board on Redis, for several replicas; behind the interfaces of the embedded."""
