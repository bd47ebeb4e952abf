"""Agents: environments in which the policy acts with tools."""
