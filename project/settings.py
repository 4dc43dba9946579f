"""All settings, read from the environment in one place (`.env.example` lists them with their defaults).

What is missing or contradicts itself stops the start with one sentence.
"""

import ipaddress
import os
import secrets
from datetime import timedelta
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from project.embedded import running_services
from project.env import broker_beside, var_dir

VERSION = "0.1.0"
BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
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
    value = secrets.token_urlsafe(50)
    try:
        with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as stream:
            stream.write(value)
    except FileExistsError:  # another process was quicker
        return path.read_text().strip()
    return value


VAR_DIR = var_dir()
HOST = env.str("HOST", default="127.0.0.1")
PORT = env.int("PORT", default=8000)
HTTPS = env.bool("HTTPS", default=False)
DEBUG = env.bool("DEBUG", default=False)
PUBLIC_READ = env.bool("PUBLIC_READ", default=is_loopback(HOST))
SIMULATED_API = env.bool("SIMULATED_API", default=is_loopback(HOST))
MAX_UPLOAD_BYTES = env.int("MAX_UPLOAD_BYTES", default=20 * 1024**3)
DEFAULT_ASSEMBLY = env.str("DEFAULT_ASSEMBLY", default="GRCh38")
if DEFAULT_ASSEMBLY not in ("GRCh37", "GRCh38"):
    raise ImproperlyConfigured(f"DEFAULT_ASSEMBLY is {DEFAULT_ASSEMBLY!r}; it can be GRCh37 or GRCh38.")

SECRET_KEY = env.str("SECRET_KEY", default="") or kept_secret(VAR_DIR / "secret-key")
# Never "*": a page of another site could then reach this server through a name of its own (DNS rebinding).
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=sorted({HOST, "127.0.0.1", "localhost", "[::1]"} - {"0.0.0.0", "::"}))  # noqa: S104
if "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts that this server answers for; '*' is not accepted.")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.admin",
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
    "stats.middleware.CountingMiddleware",
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

DATABASES = {"default": env.db_url_config(DATABASE_URL)}
DATABASES["default"] |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
DATABASES["default"].setdefault("OPTIONS", {}).update({"connect_timeout": 5, "application_name": "vardesk"})
if not DATABASES["default"]["ENGINE"].endswith("postgresql"):
    raise ImproperlyConfigured("DATABASE_URL must be a postgres:// URL: Vardesk's SQL is written for PostgreSQL.")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "vardesk",
        # A page never waits for Redis longer than this.
        "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 0.5, "SOCKET_TIMEOUT": 0.5, "IGNORE_EXCEPTIONS": True},
    }
}

CELERY_TASK_IGNORE_RESULT = True  # the Job row is the result
CELERY_TASK_ACKS_LATE = True  # a task is run again when its worker dies; a Job is claimed only once
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "vardesk"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
# A web request that queues work must not hang when the broker is away: the Job row waits and is found by the reaper.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {}
    if CELERY_BROKER_URL.startswith("amqp")
    else {"socket_connect_timeout": 2, "socket_timeout": 30, "visibility_timeout": 3600}
)
CELERY_BEAT_SCHEDULE = {
    "wake-waiting-jobs": {
        "task": "core.wake_waiting_jobs",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 5},
    },
}
JOB_HEARTBEAT_SECONDS = 2.0
JOB_STALE_SECONDS = env.float("JOB_STALE_SECONDS", default=30.0)

# --- files -----------------------------------------------------------------------------------------

STORAGE_URL = env.str("STORAGE_URL", default=str(VAR_DIR / "files"))
if "://" in STORAGE_URL:
    raise ImproperlyConfigured("STORAGE_URL must be a local folder in this version; s3:// is not built yet.")
STORAGE_DIR = Path(STORAGE_URL)
FILE_UPLOAD_TEMP_DIR = str(VAR_DIR / "incoming")
Path(FILE_UPLOAD_TEMP_DIR).mkdir(parents=True, exist_ok=True, mode=0o700)  # Django's own check wants it to be there
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_PERMISSIONS = 0o600
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
LOGIN_REDIRECT_URL = "variants:home"
LOGOUT_REDIRECT_URL = "variants:home"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
REST_KNOX = {"TOKEN_TTL": timedelta(days=365), "AUTH_HEADER_PREFIX": "Token"}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "knox.auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["project.common.rendering.FastJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
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

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{levelname:<7} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {"django.request": {"level": "ERROR"}, "celery": {"level": "WARNING"}, "kombu": {"level": "WARNING"}},
}
