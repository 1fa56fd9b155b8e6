"""Argus' settings in the lab: as shipped, API and web pages, with a key of its own and no mail leaving the machine."""

import os

try:
    from argus.htmx.settings import *  # noqa: F401,F403
except ImportError:
    # Argus 1 has no web pages of its own.
    from argus.site.settings.base import *  # noqa: F401,F403

    STATICFILES_STORAGE = "django.contrib.staticfiles.storage.StaticFilesStorage"

SECRET_KEY = os.environ["LAB_SECRET_KEY"]
ALLOWED_HOSTS = ["*"]
STATIC_ROOT = os.environ["LAB_STATIC_ROOT"]
FRONTEND_URL = os.environ.get("LAB_FRONTEND_URL", "http://127.0.0.1/")
SEND_NOTIFICATIONS = False
MEDIA_PLUGINS = ["argus.notificationprofile.media.email.EmailNotification"]
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
DEFAULT_FROM_EMAIL = "argus@localhost"
