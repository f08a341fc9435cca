"""System calls, one thin word each. Blind: knows no format and no machine."""
