"""For gunicorn behind nginx (docs/serving.md):

gunicorn --config python:project.gunicorn_settings project.wsgi:application
"""

import os

from project.env import load_dotenv, web_threads
from project.open_files import connection_limit, raise_open_files

load_dotenv()
if missing := raise_open_files():
    print(missing)

bind = f"{os.environ.get('HOST') or '127.0.0.1'}:{os.environ.get('PORT') or '8000'}"
worker_class = "gthread"
workers = 1  # each has its own threads, connections and places for slow bodies
threads = web_threads()
worker_connections = connection_limit()
backlog = 4096
keepalive = 75  # longer than nginx keeps its side (60 s), so that nginx never writes to a closed connection
timeout = 60
graceful_timeout = 60  # at a reload: for the last answers of the old process
