"""Rewards that know no answer: votes, confidence, and controls for both.

The policy learns from the proxy's `score`.  `correct` comes from a real checker, `truth`, and is
only recorded.
"""

from whet.rewards.unsupervised.paraphrases import Paraphrase as Paraphrase
from whet.rewards.unsupervised.paraphrases import Template as Template
from whet.rewards.unsupervised.proposals import Edge as Edge
from whet.rewards.unsupervised.proposals import Parabola as Parabola
from whet.rewards.unsupervised.proposals import Poser as Poser
from whet.rewards.unsupervised.proposals import Rarer as Rarer
from whet.rewards.unsupervised.proposals import Tent as Tent
from whet.rewards.unsupervised.readers import Announced as Announced
from whet.rewards.unsupervised.readers import Extractor as Extractor
from whet.rewards.unsupervised.readers import Labels as Labels
from whet.rewards.unsupervised.readers import LastLine as LastLine
from whet.rewards.unsupervised.readers import Marked as Marked
from whet.rewards.unsupervised.readers import WholeReply as WholeReply
