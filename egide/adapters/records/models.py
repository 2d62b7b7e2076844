"""The records as Django models, one to each row of egide.model.records: same names, same fields."""

from django.db import models


class Row(models.Model):
    class Meta:
        abstract = True
        app_label = "egide_records"


class HubRow(Row):
    id = models.CharField(primary_key=True, max_length=64)
    name = models.CharField(max_length=200)
    created = models.CharField(max_length=32)
    settings = models.JSONField()


class AccountRow(Row):
    name = models.CharField(primary_key=True, max_length=200)
    roles = models.JSONField()
    public_key = models.CharField(max_length=64)
    enrolled = models.CharField(max_length=32)
    revoked = models.CharField(max_length=32, blank=True)


class HolderRow(Row):
    name = models.CharField(primary_key=True, max_length=200)
    domain = models.CharField(max_length=200)
    public_key = models.CharField(max_length=64, blank=True)
    threshold = models.CharField(max_length=20)
    promoted = models.JSONField()


class DatasetRow(Row):
    id = models.CharField(primary_key=True, max_length=200)
    holder = models.CharField(max_length=200)
    model = models.CharField(max_length=100)
    model_version = models.CharField(max_length=100)
    data_class = models.CharField(max_length=2)


class DeliveryRow(Row):
    pk = models.CompositePrimaryKey("holder", "id")
    id = models.CharField(max_length=200)
    holder = models.CharField(max_length=200)
    dataset = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    received = models.CharField(max_length=32)
    verdict = models.CharField(max_length=20)
    replaces = models.CharField(max_length=200, blank=True)
    sequence = models.IntegerField()
    report = models.JSONField()


class KeyRow(Row):
    key_id = models.CharField(primary_key=True, max_length=32)
    dataset = models.CharField(max_length=200, db_index=True)
    kek_version = models.IntegerField()
    wrapped = models.BinaryField()


class SnapshotRow(Row):
    pk = models.CompositePrimaryKey("dataset", "sequence")
    dataset = models.CharField(max_length=200)
    sequence = models.IntegerField()
    root = models.CharField(max_length=64)
    key_id = models.CharField(max_length=32)
    created = models.CharField(max_length=32)
    delivery = models.CharField(max_length=200)
    rows = models.BigIntegerField()


class ExclusionRow(Row):
    person = models.CharField(primary_key=True, max_length=40)
    since = models.IntegerField()


class ProfileRow(Row):
    pk = models.CompositePrimaryKey("dataset", "table")
    dataset = models.CharField(max_length=200)
    table = models.CharField(max_length=100)
    sequence = models.IntegerField()
    periods = models.JSONField()
    rows = models.BigIntegerField()
    profile = models.JSONField()


class ProjectRow(Row):
    id = models.CharField(primary_key=True, max_length=100)
    title = models.CharField(max_length=500)
    applicant = models.CharField(max_length=200)
    status = models.CharField(max_length=20)
    application = models.JSONField()
    sha256 = models.CharField(max_length=64)


class ActRow(Row):
    id = models.CharField(primary_key=True, max_length=64)
    kind = models.CharField(max_length=30)
    subject = models.CharField(max_length=64, db_index=True)
    about = models.CharField(max_length=100, db_index=True)
    account = models.CharField(max_length=200)
    decision = models.CharField(max_length=30)
    at = models.CharField(max_length=32)
    signed = models.JSONField()


class PermitRow(Row):
    id = models.CharField(primary_key=True, max_length=100)
    project = models.CharField(max_length=100)
    state = models.CharField(max_length=20)
    issued = models.CharField(max_length=32)
    terms = models.JSONField()
    signature = models.CharField(max_length=128)
    previous = models.CharField(max_length=100, blank=True)


class OutputRow(Row):
    id = models.CharField(primary_key=True, max_length=100)
    permit = models.CharField(max_length=100)
    author = models.CharField(max_length=200)
    created = models.CharField(max_length=32)
    status = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=64)
    subject = models.CharField(max_length=64)
    snapshot = models.CharField(max_length=200)
    exclusions = models.CharField(max_length=80)
    findings = models.JSONField()
    sealed = models.BinaryField()


class ReleaseRow(Row):
    output = models.CharField(primary_key=True, max_length=100)
    at = models.CharField(max_length=32)
    receipt = models.BinaryField()


class LedgerLeaf(Row):
    index = models.BigIntegerField(primary_key=True)
    leaf = models.BinaryField()
    side = models.BinaryField(null=True)


class LedgerNode(Row):
    pk = models.CompositePrimaryKey("level", "index")
    level = models.IntegerField()
    index = models.BigIntegerField()
    hash = models.BinaryField()


class LedgerHead(Row):
    size = models.BigIntegerField(primary_key=True)
    note = models.BinaryField()
