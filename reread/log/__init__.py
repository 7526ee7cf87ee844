"""What the processes write down together: answers, feedback and jobs, in one embedded database."""
