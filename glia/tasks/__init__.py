"""What is learned: a task owns the target, its loss, its metrics, the way back to the user's labels and units."""

from glia.tasks.fitting import TASKS, fit_task, task_from_dict
from glia.tasks.task import Prediction, Task

__all__ = ["TASKS", "Prediction", "Task", "fit_task", "task_from_dict"]
