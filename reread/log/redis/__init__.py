"""The log and the job board on Redis, for several replicas: the embedded ones' interfaces."""
