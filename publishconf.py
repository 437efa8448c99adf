"""What differs in production; everything else is `pelicanconf.py`."""

import os
import sys

sys.path.insert(0, os.curdir)
from pelicanconf import *

SITEURL = "https://milepost.example"
