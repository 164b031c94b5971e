"""Strain: how strongly all the evidence of a case speaks for a rupture beginning at a session."""

from rupture_watch.alliance.strain.filter import Filter, FilterSnapshot
from rupture_watch.alliance.strain.judgement import Judgement
from rupture_watch.alliance.strain.model import Model
from rupture_watch.alliance.strain.parameters import StrainParameters

__all__ = ["Filter", "FilterSnapshot", "Judgement", "Model", "StrainParameters"]
