"""All settings, read from the environment in one place (`.env.example` lists them with their defaults).

What is missing or contradicts itself stops the start with one sentence.
"""

import ipaddress
import os
import secrets
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from kombu import Queue

from project.embedded import running_services
from project.env import broker_beside, var_dir

VERSION = "0.1.0"
BASE_DIR = Path(__file__).resolve().parent.parent


class Env(environ.Env):
    """Says which setting cannot be read."""

    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().get_value(var, *args, **kwargs)
        except ValueError as error:
            raise ImproperlyConfigured(f"{var} is {os.environ.get(var)!r}, which cannot be read: {error}.") from error


env = Env()
if (BASE_DIR / ".env").is_file():
    env.read_env(str(BASE_DIR / ".env"))


def is_loopback(host: str) -> bool:
    """Whether a server bound to `host` is reachable from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def kept_secret(path: Path) -> str:
    """The random secret kept in `path` (mode 0600), made at the first call."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_name(f"{path.name}.{secrets.token_hex(8)}.new")
    try:
        with open(new, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as stream:
            stream.write(secrets.token_urlsafe(50))
        os.link(new, path)  # all of it or, on a full disk, nothing; a link never replaces
    except FileExistsError:  # another process was quicker
        pass
    finally:
        new.unlink(missing_ok=True)
    return path.read_text().strip()


def readable_file(name: str) -> str:
    """The path that a setting names, relative ones from the project's folder; "" where it names none."""
    if not (text := env.str(name, default="")):
        return ""
    path = BASE_DIR / text
    if not path.is_file() or not os.access(path, os.R_OK):
        raise ImproperlyConfigured(f"{name} is {text!r}: there is no such file, or it may not be read.")
    return str(path)


VAR_DIR = var_dir()
HOST = env.str("HOST", default="127.0.0.1")
PORT = env.int("PORT", default=8000)
HTTPS = env.bool("HTTPS", default=False)
DEBUG = env.bool("DEBUG", default=False)
WEB_THREADS = env.int("WEB_THREADS", default=8)
BODY_TIMEOUT_SECONDS = env.float("BODY_TIMEOUT_SECONDS", default=30.0)
BODY_MIN_BYTES_PER_SECOND = env.int("BODY_MIN_BYTES_PER_SECOND", default=1024)
if WEB_THREADS < 2 or BODY_TIMEOUT_SECONDS <= 0 or BODY_MIN_BYTES_PER_SECOND < 1:
    raise ImproperlyConfigured(
        "WEB_THREADS must be 2 or more, BODY_TIMEOUT_SECONDS and BODY_MIN_BYTES_PER_SECOND more than 0."
    )
PUBLIC_READ = env.bool("PUBLIC_READ", default=is_loopback(HOST))
SIMULATED_API = env.bool("SIMULATED_API", default=is_loopback(HOST))
MAX_UPLOAD_BYTES = env.int("MAX_UPLOAD_BYTES", default=20 * 1024**3)
READ_MEMORY_BYTES = env.int("READ_MEMORY_BYTES", default=2 * 1024**3)
# Fields of files.readers.choices.Limits; docs/limits.md says what happens at each.
READ_LIMITS = {
    "ratio": env.int("READ_MAX_RATIO", default=500),
    "free_disk_bytes": env.int("READ_FREE_DISK_BYTES", default=2 * 1024**3),
    "columns": env.int("READ_MAX_COLUMNS", default=16_384),
    "cell_bytes": env.int("READ_MAX_CELL_BYTES", default=16 * 1024**2),
    "record_bytes": env.int("READ_MAX_RECORD_BYTES", default=64 * 1024**2),
    "zip_members": env.int("READ_MAX_ZIP_MEMBERS", default=10_000),
}
# Spellings of classifications that a load lists one by one; docs/import.md says what becomes of more.
MAX_REPORTED_WORDS = env.int("MAX_REPORTED_WORDS", default=1000)
# How many disagreements, changes and unknown genes a dry run lists; it counts all.
IMPORT_LISTED = env.int("IMPORT_LISTED", default=1000)
if IMPORT_LISTED < 1:
    raise ImproperlyConfigured("IMPORT_LISTED must be 1 or more.")
# A large file is imported in parts of so many rows and bytes of text, each by whichever worker is free, with so much
# memory for DuckDB.
IMPORT_PART_ROWS = env.int("IMPORT_PART_ROWS", default=100_000)
IMPORT_PART_BYTES = env.int("IMPORT_PART_BYTES", default=64 * 1024**2)
IMPORT_MEMORY = env.str("IMPORT_MEMORY", default="256MB")
if IMPORT_PART_ROWS < 1 or IMPORT_PART_BYTES < 1:
    raise ImproperlyConfigured("IMPORT_PART_ROWS and IMPORT_PART_BYTES must be 1 or more.")
# Megabytes that each sort and hash table of a merge may take in PostgreSQL before it goes to disk; one merge at a time.
MERGE_WORK_MEM = env.int("MERGE_WORK_MEM", default=128)
if not 1 <= MERGE_WORK_MEM <= 65_536:
    raise ImproperlyConfigured("MERGE_WORK_MEM must be megabytes, from 1 to 65536.")
SAMPLE_DATA = env.bool("SAMPLE_DATA", default=True)
DEFAULT_ASSEMBLY = env.str("DEFAULT_ASSEMBLY", default="GRCh38")
if DEFAULT_ASSEMBLY not in ("GRCh37", "GRCh38"):
    raise ImproperlyConfigured(f"DEFAULT_ASSEMBLY is {DEFAULT_ASSEMBLY!r}; it can be GRCh37 or GRCh38.")
# FASTA files for left-alignment and the check of REF. What they hold is checked when they are used, and by `check`.
REFERENCE_FASTA_GRCH37 = readable_file("REFERENCE_FASTA_GRCH37")
REFERENCE_FASTA_GRCH38 = readable_file("REFERENCE_FASTA_GRCH38")
REFERENCE_MISMATCH_PERCENT = env.float("REFERENCE_MISMATCH_PERCENT", default=10.0)
if not 0 <= REFERENCE_MISMATCH_PERCENT <= 100:
    raise ImproperlyConfigured("REFERENCE_MISMATCH_PERCENT must be a share from 0 to 100.")

SECRET_KEY = env.str("SECRET_KEY", default="") or kept_secret(VAR_DIR / "secret-key")
# Never "*": a page of another site could then reach this server through a name of its own (DNS rebinding).
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=sorted({HOST, "127.0.0.1", "localhost", "[::1]"} - {"0.0.0.0", "::"}))  # noqa: S104
if "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts that this server answers for; '*' is not accepted.")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# Whose X-Forwarded-For is believed. With HTTPS=1 there is a proxy in front, most often on this machine.
try:
    TRUSTED_PROXIES = [
        ipaddress.ip_network(text, strict=False)
        for text in env.list("TRUSTED_PROXIES", default=["127.0.0.1", "::1"] if HTTPS else [])
    ]
except ValueError as error:
    raise ImproperlyConfigured(f"TRUSTED_PROXIES must be addresses or networks, comma-separated: {error}.") from error

INSTALLED_APPS = [
    "project.core.apps.AdminConfig",
    "project.accounts",  # before auth: its commands leave a row in the audit trail
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "csp",
    "django_htmx",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "project.core",
    "variants",
    "files",
    "stats",
]

MIDDLEWARE = [
    "project.core.middleware.OriginMiddleware",
    "project.core.requests.RequestsMiddleware",
    "stats.middleware.CountingMiddleware",
    "project.core.middleware.BodyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "project.urls"
WSGI_APPLICATION = "project.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "project.core.context.everywhere",
            ],
        },
    },
]

# --- servers ---------------------------------------------------------------------------------------

SERVICES = running_services(VAR_DIR)
# Commands that need no database (check, makemigrations) work without one; nothing listens on port 1.
DATABASE_URL = env.str("DATABASE_URL", default="") or SERVICES.get(
    "DATABASE_URL", "postgres://none:none@127.0.0.1:1/none"
)
REDIS_URL = env.str("REDIS_URL", default="") or SERVICES.get("REDIS_URL", "redis://127.0.0.1:1/0")
CELERY_BROKER_URL = (
    env.str("CELERY_BROKER_URL", default="") or SERVICES.get("CELERY_BROKER_URL", "") or broker_beside(REDIS_URL)
)
# Two Vardesks can share a Redis: everything that either writes begins with its prefix.
REDIS_KEY_PREFIX = env.str("REDIS_KEY_PREFIX", default="vardesk")
HITS_KEY_PREFIX = f"{REDIS_KEY_PREFIX}:hits:"

DATABASES = {"default": env.db_url_config(DATABASE_URL)}
DATABASES["default"] |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
DATABASES["default"].setdefault("OPTIONS", {}).update({"connect_timeout": 5, "application_name": "vardesk"})
# A long statement of a worker that was killed ends within 5 s, and its locks with it; of a host that is gone, or cut off,
# what it had locked is free after 25 s (not two hours, as TCP by itself would have it).
_given = DATABASES["default"]["OPTIONS"].get("options", "")
DATABASES["default"]["OPTIONS"]["options"] = (
    "-c client_connection_check_interval=5s"
    f" -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 {_given}"
).strip()
if not DATABASES["default"]["ENGINE"].endswith("postgresql"):
    raise ImproperlyConfigured("DATABASE_URL must be a postgres:// URL: Vardesk's SQL is written for PostgreSQL.")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": REDIS_KEY_PREFIX,
        # A page never waits for Redis longer than this.
        "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 0.5, "SOCKET_TIMEOUT": 0.5, "IGNORE_EXCEPTIONS": True},
    }
}

CELERY_TASK_IGNORE_RESULT = True  # the Job row is the result
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Two Vardesks can share a RabbitMQ: the names of their queues begin with this.
CELERY_QUEUE_PREFIX = env.str("CELERY_QUEUE_PREFIX", default="vardesk.")
# A message is gone when a worker has it (docs/decisions/0006-wake-ups.md): a job may take hours, and no broker waits that long.
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_QUEUES = [
    Queue(name, routing_key=name, no_ack=True)
    for name in (f"{CELERY_QUEUE_PREFIX}light", f"{CELERY_QUEUE_PREFIX}heavy")
]
CELERY_TASK_DEFAULT_QUEUE = f"{CELERY_QUEUE_PREFIX}light"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
# A web request that queues work must not hang when the broker is away: the Job row waits and is found by the reaper.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {}
    if CELERY_BROKER_URL.startswith("amqp")
    else {
        "socket_connect_timeout": 2,
        "socket_timeout": 30,
        "visibility_timeout": 3600,
        "global_keyprefix": f"{REDIS_KEY_PREFIX}:broker:",
    }
)
CELERY_BEAT_SCHEDULE = {
    "wake-waiting-jobs": {
        "task": "core.wake_waiting_jobs",
        "schedule": timedelta(seconds=5),
    },
    "sweep-accounts": {"task": "accounts.sweep", "schedule": timedelta(hours=6)},
}
JOB_HEARTBEAT_SECONDS = 2.0
JOB_STALE_SECONDS = env.float("JOB_STALE_SECONDS", default=30.0)
JOB_PART_HELPERS = env.int("JOB_PART_HELPERS", default=3)
JOB_PART_REDOS = env.int("JOB_PART_REDOS", default=3)
HEAVY_BYTES = env.int("HEAVY_BYTES", default=20 * 1000**2)
if JOB_STALE_SECONDS <= JOB_HEARTBEAT_SECONDS or JOB_PART_HELPERS < 0 or JOB_PART_REDOS < 0:
    raise ImproperlyConfigured(
        f"JOB_STALE_SECONDS must be more than {JOB_HEARTBEAT_SECONDS:g}, JOB_PART_HELPERS and JOB_PART_REDOS 0 or more."
    )

# --- files -----------------------------------------------------------------------------------------

STORAGE_URL = env.str("STORAGE_URL", default=str(VAR_DIR / "files"))
if "://" in STORAGE_URL:
    raise ImproperlyConfigured("STORAGE_URL must be a local folder in this version; s3:// is not built yet.")
STORAGE_DIR = Path(STORAGE_URL)
FILE_UPLOAD_TEMP_DIR = str(VAR_DIR / "incoming")
Path(FILE_UPLOAD_TEMP_DIR).mkdir(parents=True, exist_ok=True, mode=0o700)  # Django's own check wants it to be there
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_PERMISSIONS = 0o600
SAMPLES_SHOWN = env.int("SAMPLES_SHOWN", default=50)  # of a claim; how many have the allele is counted of all
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
ENRICH_ALLOW_HOSTS = env.list("ENRICH_ALLOW_HOSTS", default=[])

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"  # for a web server in front; Vardesk itself serves from the sources
STATIC_ROOT.mkdir(parents=True, exist_ok=True, mode=0o700)
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True  # no collectstatic step before the first page
WHITENOISE_MAX_AGE = 3600

# --- people ----------------------------------------------------------------------------------------

LOGIN_URL = "login"
SESSION_ENGINE = "project.accounts.sessions"
SESSION_COOKIE_AGE = env.int("SESSION_DAYS", default=14) * 86_400
PASSWORD_RESET_TIMEOUT = 3600 * 24
# Failed tries in LOGIN_WINDOW_SECONDS; see accounts/throttle.py.
LOGIN_TRIES_PER_ACCOUNT = env.int("LOGIN_TRIES_PER_ACCOUNT", default=10)
LOGIN_TRIES_PER_ADDRESS = env.int("LOGIN_TRIES_PER_ADDRESS", default=100)
LOGIN_WINDOW_SECONDS = env.int("LOGIN_WINDOW_SECONDS", default=900)
TOKEN_MAX_DAYS = env.int("TOKEN_MAX_DAYS", default=365)
# Without a mail server mails are printed where the web server writes its log.
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("EMAIL_FROM", default="vardesk@localhost")
LOGIN_REDIRECT_URL = "variants:home"
LOGOUT_REDIRECT_URL = "variants:home"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
REST_KNOX = {"TOKEN_TTL": timedelta(days=TOKEN_MAX_DAYS), "AUTH_HEADER_PREFIX": "Token"}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "project.accounts.tokens.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["project.common.rendering.FastJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["project.common.rendering.BoundedJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "project.common.problems.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    # `?format=` belongs to downloads, not to the choice of a renderer.
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Vardesk API",
    "DESCRIPTION": "Tables of genetic variants: files, jobs, genes, variants and the claims behind them.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "ENUM_NAME_OVERRIDES": {"Classification": "variants.classification.SLUGS"},
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": STATIC_URL + "vardesk/icon.svg",
}

# --- security --------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- the rest --------------------------------------------------------------------------------------

SPOOL_DIR = VAR_DIR / "spool"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
USE_THOUSAND_SEPARATOR = True
FORMAT_MODULE_PATH = "project.formats"

# --- logs and metrics ------------------------------------------------------------------------------

LOG_FORMAT = env.str("LOG_FORMAT", default="") or ("plain" if sys.stderr.isatty() else "json")
if LOG_FORMAT not in ("json", "plain"):
    raise ImproperlyConfigured(f"LOG_FORMAT is {LOG_FORMAT!r}; it can be json or plain.")
SLOW_QUERY_MS = env.int("SLOW_QUERY_MS", default=500)
# Where the web processes keep their counts. prometheus_client reads the variable when it is first imported.
METRICS_DIR = Path(os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(VAR_DIR / "run" / "metrics")))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "project.common.logs.JSONFormatter"},
        "plain": {"()": "project.common.logs.PlainFormatter"},
    },
    "filters": {"not_said_yet": {"()": "project.common.logs.NotSaidYet"}},
    "handlers": {
        "console": {
            "class": "project.common.logs.StandardErrorHandler",
            "formatter": LOG_FORMAT,
            "filters": ["not_said_yet"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO"},  # its own would mail whole requests
        "django.request": {"level": "ERROR"},  # RequestsMiddleware tells of the others
        "django.server": {"handlers": [], "level": "ERROR", "propagate": True},
        "celery": {"level": "WARNING"},
        "kombu": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        # These do not propagate: Celery's pool, and granian, which logs what breaks while an answer is streamed.
        "multiprocessing": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "_granian": {"handlers": ["console"], "level": "ERROR", "propagate": False},
    },
}
