"""Library: questions over paragraphs that are searched."""

from whet.environments.code.library.shelf import Shelf as Shelf
from whet.environments.code.library.shelf import shelf_of as shelf_of
from whet.environments.code.library.world import Library as Library
