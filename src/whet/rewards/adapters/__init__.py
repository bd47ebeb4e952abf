"""Rewards of a user's own: functions as they are written for whet and for other trainers."""
