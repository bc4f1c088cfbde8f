"""A model and a task fitted to data: what is trained, what predicts, what is saved."""

from glia.learner.learner import Learner
from glia.learner.naming import data_of, refuse_unknown_columns

__all__ = ["Learner", "data_of", "refuse_unknown_columns"]
