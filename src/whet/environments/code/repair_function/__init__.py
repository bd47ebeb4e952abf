"""Repair a function: programs are tried, and failing tests come back."""

from whet.environments.code.repair_function.exercise import Exercise as Exercise
from whet.environments.code.repair_function.expressions import Expressions as Expressions
from whet.environments.code.repair_function.expressions import edits as edits
from whet.environments.code.repair_function.feedback import Feedback as Feedback
from whet.environments.code.repair_function.feedback import OtherTests as OtherTests
from whet.environments.code.repair_function.feedback import OwnTests as OwnTests
from whet.environments.code.repair_function.functions import Functions as Functions
from whet.environments.code.repair_function.world import RepairFunction as RepairFunction
