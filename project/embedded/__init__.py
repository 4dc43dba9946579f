"""PostgreSQL and Redis from the binaries of two wheels, run by our own supervisor.

Only `running_services` is for the rest of the project (settings.py asks it where the servers are).
"""

from project.embedded.state import running_services

__all__ = ["running_services"]
