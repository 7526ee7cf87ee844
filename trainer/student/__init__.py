"""What is taught: a retriever, by an objective of its scores and the teacher's."""
