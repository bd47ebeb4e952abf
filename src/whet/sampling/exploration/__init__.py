"""Exploration: hints, which let hard tasks succeed now and then, and how they fade out."""
