"""The page of papers: a row for each method with an arXiv id, then the methods that are absent."""

from papers.page import papers as papers
