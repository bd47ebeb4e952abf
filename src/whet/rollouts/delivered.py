"""The versions of the weights that a player was given, in order."""

from dataclasses import dataclass, field

from whet.types import Version


@dataclass(slots=True)
class Delivered:
    """The newest `most` versions that a player was given."""

    most: int = 8
    versions: list[Version] = field(default_factory=list)

    def note(self, version: Version) -> Version:
        """The same version, which the player holds or is about to get."""
        if not self.versions or self.versions[-1] != version:
            self.versions = [*self.versions, version][-self.most :]
        return version

    def since(self, version: Version) -> list[Version]:
        """This version and all later ones."""
        place = self.versions.index(version) if version in self.versions else len(self.versions)
        return [version, *self.versions[place + 1 :]]
