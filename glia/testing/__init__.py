"""Contract suites: what every model and every task must do, run by pytest over each with one line.

They serve modules of one's own as well: `glia.testing.models.ModelContract`, `glia.testing.tasks.TaskContract`.
"""
