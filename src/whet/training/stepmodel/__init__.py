"""Step models (process reward models): trained from labels, used by `process_model`.

training = StepTraining(
    model=Folder(path="policy"),
    engine=Embedded(),
    labels=Checked(family=Chain(), levels=(2, 4)),  # or Shepherded(corpus=…), by play
)
async for lesson in teach_steps(training, Path("steps")):
    print(lesson.number, lesson.loss)
reward = ProcessModel(
    model=TrainedSteps(path="steps", engine=Embedded()), cuts=Separated(mark=";")
)
"""

from whet.training.stepmodel.chains import Chain as Chain
from whet.training.stepmodel.chains import Labels as Labels
from whet.training.stepmodel.checked import Checked as Checked
from whet.training.stepmodel.lessons import StepLesson as StepLesson
from whet.training.stepmodel.lessons import StepTraining as StepTraining
from whet.training.stepmodel.lessons import teach_steps as teach_steps
from whet.training.stepmodel.shepherded import Shepherded as Shepherded
from whet.training.stepmodel.trained import TrainedSteps as TrainedSteps
