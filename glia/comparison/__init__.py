"""Which learner suits the data, by how much, and at what cost: learners compared on the same samples."""
