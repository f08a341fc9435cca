"""daemontools, ucspi-tcp and the qmail-smtpd of the classic how-to, in Python."""

__version__ = "0.1.0"
