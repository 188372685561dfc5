"""Reading publishers' lists, comparing their versions, and guarding against bad ones."""

from paritas.screening.lists.guards import accept
from paritas.screening.lists.loading import read_list
from paritas.screening.lists.reading import ListError
from paritas.screening.lists.versions import Difference, difference

__all__ = ["Difference", "ListError", "accept", "difference", "read_list"]
