"""One file per program: arguments in, exit code out."""
