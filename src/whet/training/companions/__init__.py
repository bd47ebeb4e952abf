"""Companions come to life: one module for each kind of value in `whet.policy.companions`."""

from whet.training.companions.crew import Crew as Crew
