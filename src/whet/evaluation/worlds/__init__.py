"""Worlds on trial: plays without a model, and checks of what a world promises."""
