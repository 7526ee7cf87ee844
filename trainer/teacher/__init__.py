"""What says how useful a passage is: attention on one scale, answer likelihoods, rereading."""
