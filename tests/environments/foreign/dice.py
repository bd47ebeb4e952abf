"""Environments in the form of gymnasium and GEM, which use the global dice or misbehave."""

import os
import random
import subprocess
import sys
import time

import numpy


class Dice:
    """Every observation is drawn from the global dice, as GEM's are."""

    def reset(self, seed=None):
        random.seed(seed)
        self.steps = 0
        return self.drawn(), {}

    def step(self, action):
        self.steps += 1
        return self.drawn(), random.random(), self.steps == 4, False, {}

    def drawn(self):
        return f"{random.random()} {numpy.random.random()}"


class Unruly:
    """Does what the reply says."""

    def __init__(self, note=""):
        self.note = note

    def reset(self, seed=None):
        return "go", {}

    def step(self, action):
        if action == "raise":
            raise KeyError("lost")
        if action == "exit":
            sys.exit(3)
        if action == "die":
            os.write(1, b"the last words\n")
            os._exit(7)
        if action == "hang":
            time.sleep(600)
        if action == "spawn":
            return str(subprocess.Popen(["sleep", "600"]).pid), 0.0, True, False, {}
        if action == "rest":
            time.sleep(0.4)
        if action == "nan":
            return "", float("nan"), True, False, {}
        os.write(1, b'{"value": "not an answer"}\n')
        return f"{os.getpid()} {action}", 0.5, True, False, {}

    def close(self):
        if self.note:
            with open(self.note, "a") as file:
                file.write("closed\n")


SHARED = Unruly()
