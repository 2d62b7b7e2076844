"""The Django application that holds the records."""

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "egide.adapters.records"
    label = "egide_records"
    default_auto_field = "django.db.models.BigAutoField"
