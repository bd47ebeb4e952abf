"""Database: questions that a query answers, after a look at tables and schemas."""

from whet.environments.code.database.world import Database as Database
