"""The other side of tests/run/flask.rs: a Flask app with three jobs, as its users write them."""

import logging

from flask import Flask
from flask_apscheduler import APScheduler
from werkzeug.serving import make_server


def work(*args, **kwargs):
    pass


class Config:
    SCHEDULER_API_ENABLED = True
    SCHEDULER_TIMEZONE = "UTC"
    JOBS = [
        {"id": "cron", "func": work, "trigger": "cron", "hour": 3, "minute": 30},
        {"id": "interval", "func": work, "args": ("a", "b"), "trigger": "interval", "hours": 2},
        {"id": "date", "func": work, "trigger": "date", "run_date": "2999-01-01 00:00:00"},
    ]


logging.disable(logging.CRITICAL)
app = Flask(__name__)
app.config.from_object(Config)
scheduler = APScheduler()
scheduler.init_app(app)
scheduler.start()
server = make_server("127.0.0.1", 0, app)
print(server.server_port, flush=True)
server.serve_forever()
