"""The versions of the weights that a player was given, in order."""

from dataclasses import dataclass, field

from whet.types import Version


@dataclass(slots=True)
class Delivered:
    """Every version that a player was given in this process."""

    versions: list[Version] = field(default_factory=list)
    _places: dict[Version, int] = field(default_factory=dict)

    def note(self, version: Version) -> Version:
        """The same version, which the player holds or is about to get."""
        if not self.versions or self.versions[-1] != version:
            self._places[version] = len(self.versions)
            self.versions.append(version)
        return version

    def since(self, version: Version) -> list[Version]:
        """This version and all later ones."""
        return self.versions[self._places[version] :]
