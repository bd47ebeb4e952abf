"""Judges that know no answer: votes, confidence, and the controls that tell what those prove.

What is learned from is the proxy's `score`; `correct` is what a real checker, the `truth`, says of
the same reply.  It is written down and never learned from.
"""

from whet.rewards.unsupervised._answers import Announced as Announced
from whet.rewards.unsupervised._answers import Extractor as Extractor
from whet.rewards.unsupervised._answers import LastLine as LastLine
from whet.rewards.unsupervised._answers import Marked as Marked
from whet.rewards.unsupervised._answers import WholeReply as WholeReply
from whet.rewards.unsupervised._paraphrases import Paraphrase as Paraphrase
from whet.rewards.unsupervised._paraphrases import Template as Template
from whet.rewards.unsupervised._proposals import Edge as Edge
from whet.rewards.unsupervised._proposals import Parabola as Parabola
from whet.rewards.unsupervised._proposals import Poser as Poser
from whet.rewards.unsupervised._proposals import Rarer as Rarer
from whet.rewards.unsupervised._proposals import Tent as Tent
