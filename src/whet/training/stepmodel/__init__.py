"""Step models (process reward models): trained from labels, used by `process_model`.

training = StepTraining(
    model=Folder(path="policy"),
    engine=Embedded(),
    labels=Checked(family=Chain(), levels=(2, 4)),  # or Shepherded(corpus=…), by play
)
async for lesson in train_step_model(training, Path("steps")):
    print(lesson.number, lesson.loss)
reward = ProcessModel(
    model=TrainedSteps(path="steps", engine=Embedded()), cuts=Separated(mark=";")
)
"""

from whet.training.stepmodel.chains import LabelledChain as LabelledChain
from whet.training.stepmodel.chains import Labels as Labels
from whet.training.stepmodel.checked import Checked as Checked
from whet.training.stepmodel.shepherded import Shepherded as Shepherded
from whet.training.stepmodel.train import StepModelConfig as StepModelConfig
from whet.training.stepmodel.train import StepModelUpdate as StepModelUpdate
from whet.training.stepmodel.train import train_step_model as train_step_model
from whet.training.stepmodel.trained import TrainedSteps as TrainedSteps
