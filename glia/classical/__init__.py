"""The learners that networks are compared with: trees, forests, linear models, neighbours."""
