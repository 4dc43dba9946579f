"""A private file is imported; nobody who may not read it finds a cell, a line or a name of it at any address.

Every address of `test_permissions.TABLE` is asked, so a new one is asked too. What a claim says (gene, names,
classification, comment, URL, dates) is public by design; everything else of the file is not. Each thing that must
not be found holds a word of its own, and its owner does find it: so the test can fail.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db import transaction
from django.test import Client

from files import actions
from files.models import DataFile
from files.tests.conftest import do_import
from files.tests.test_claim_samples import claimed
from project.accounts import tokens
from project.core import jobs
from project.core.models import Job
from project.tests import test_permissions
from project.tests.test_permissions import ROWS, WRITES, ask, client_of
from variants.models import Load, Record, Variant
from variants.tests.conftest import end_of_transaction

things = test_permissions.things  # other addresses ask about other things: whatever they need is there
READERS = ("nobody", "closed", "viewer", "other", "curator")
CANARY = re.compile(r"canary-?[a-z]+", re.IGNORECASE)

# Of the columns some are mapped by hand, so that their names are canaries too.
COLUMNS = {
    "canary-genecolumn": "gene", "Chr": "chrom", "canary-startcolumn": "start", "Ref": "ref", "Alt": "alt",
    "Said": "classification", "Evaluated": "last_evaluated", "Vcv": "clinvar", "Patient": None, "canary-unmapped": None,
    "Zygosity": None,
}  # fmt: skip
LINES = [
    "# canary-comment of the head",
    "\t".join(COLUMNS),
    "BRCA1\t17\t43057062\tT\tTG\tPathogenic\tcanary-date\tcanary-accession\tcanary-patient\tcanary-cell\tcanary-zygosity",
    "BRCA1\t17\t43057062\tT\tTG\tBenign\t2020-02-03\t\tcanary-patient\tcanary-cell\thet",
    "BRCA1\t17\tcanary-position\tT\tTG\tcanary-rejectedclass\t\t\tcanary-patient\tx\thet",
    "BRCA1\tcanary-contig\t43057062\tT\tTG\tcanary-skippedclass\t\t\tcanary-patient\tx\thet",
    "BRCA1\t17\t43057070\tT\tcanary-alt\tVUS\t\t\tcanary-patient\tx\thet",
    "BRCA1\t17\t43057062\tT\tTG\tPathogenic\t\t\tcanary-patient\tx\thet\tcanary-toomany",
]
VCF = """##fileformat=VCFv4.3
##source=canary-vcfmeta
##INFO=<ID=canary-info,Number=1,Type=String,Description="canary-description">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tcanary-vcfsample\tcanary-othersample
17\t43057062\t.\tT\tTG\t.\t.\tcanary-info=canary-infovalue\tGT\t0/1\t0/0
17\tcanary-vcfreject\t.\tT\tTG\t.\t.\t.\tGT\t0/1\t0/0
"""
CANARIES = {
    "file": sorted(
        {word.lower() for word in CANARY.findall("\n".join(LINES))} | {"canary-filename"}
    ),
    "vcf": sorted({word.lower() for word in CANARY.findall(VCF)} | {"canary-vcfname"}),
}  # fmt: skip
# Asked beside the table: the same data by other ways. The words that are typed here are no canaries themselves.
ALSO = [
    "/api/v1/records/?variant={variant}",
    "/api/v1/records/?gene=BRCA1",
    "/api/v1/records/?file={file}",
    "/api/v1/variants/?file={file}",
    "/api/v1/variants/?gene=BRCA1",
    "/api/v1/variants/?q=canar",
    "/api/v1/variants/?q=17:43057062",
    "/api/v1/variants/?source=canar",
    "/api/v1/genes/suggest/?q=canar",
    "/api/v1/genes/suggest/?q=canary-",
    "/api/v1/loads/{vcf_load}/issues/",
    "/api/v1/files/{vcf}/",
    "/api/v1/files/{vcf}/rows/",
    "/api/v1/files/{vcf}/header/",
    "/api/v1/files/{vcf}/rejects/",
    "/api/v1/files/{file}/rejects/?format=original",
    "/api/v1/files/{file}/rejects/?format=csv",
    "/api/v1/files/{file}/rows/?format=csv",
    "/api/v1/files/?q=canar",
    "/api/v1/files/?name=canar",
    "/api/v1/jobs/?file={file}",
    "/api/v1/jobs/{read_job}/",
    "/api/v1/jobs/{import_job}/",
    "/api/v1/audit/?q=canar",
    "/jobs/{read_job}/",
    "/jobs/{import_job}/",
    "/jobs/?file={file}",
    "/files/{vcf}/",
    "/files/{vcf}/rejects/",
    "/files/?q=canar",
    "/loads/{vcf_load}/",
    "/variants/?q=canar",
    "/variants/?file={file}",
    "/variants/?gene=BRCA1",
    "/variants/?source=canar",
    "/healthz/?verbose=1",
]


@pytest.fixture
def private(things) -> dict[str, Any]:
    """The things of the table, about two private files full of canaries: one imported, one with claims."""
    owner = things["owner"]
    end_of_transaction()
    text = "\n".join(LINES) + "\n"
    file = actions.upload(name="canary-filename.tsv", chunks=[text.encode()], by=owner)
    read_job = jobs.run_now(Job.objects.get(file_id=file.pk))
    file.refresh_from_db()
    mapping = {field: column for column, field in COLUMNS.items() if field}
    samples = {"sample": "Patient", "zygosity": "Zygosity"}
    import_job = do_import(file, mapping=mapping, samples=samples, assembly="GRCh38")
    assert import_job.state == "succeeded", import_job.error
    load = Load.objects.get(file_id=file.pk)
    vcf = actions.upload(name="canary-vcfname.vcf", chunks=[VCF.encode()], by=owner)
    jobs.run_now(Job.objects.get(file_id=vcf.pk))
    vcf.refresh_from_db()
    [of_vcf] = claimed(vcf, (5, 1, "17", 43057062, "T", "TG"))
    Record.objects.filter(variant=of_vcf).update(variant=load.records.first().variant_id)
    failed = Job.objects.create(
        kind="import", title=f"Import {file.name}", task="files.import", owner=owner, file_id=file.pk, state="failed",
        error="line 5, canary-genecolumn: 'canary-position' is no number", message="canary-cell",
    )  # fmt: skip
    return things | {
        "file": file.pk, "load": load.pk, "variant": load.records.first().variant_id, "job": failed.pk,
        "failed": failed.pk, "read_job": read_job.pk, "import_job": import_job.pk, "vcf": vcf.pk,
        "vcf_load": Load.objects.get(file_id=vcf.pk).pk,
    }  # fmt: skip


def answers(client: Client, things: dict, *, writes: bool) -> Iterator[tuple[str, str]]:
    """Each address that was asked, and all that came back: status line, headers, body."""
    for row in ROWS:
        if row.method in WRITES and not writes:
            continue
        with transaction.atomic():  # each question finds the things as they were
            yield f"{row.method} {row.address}", everything(ask(client, row, things))
            transaction.set_rollback(True)
    asked = [(address, {}) for address in ALSO]
    parts = [(row.address, {"HX-Request": "true"}) for row in ROWS if row.method == "GET"]
    for address, headers in [*asked, *parts]:
        yield f"GET {address} {headers or ''}", everything(client.get(address.format(**things), headers=headers))
    for model in admin.site._registry:
        for page in ("", "?q=canar", "1/change/"):
            address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/{page}"
            yield f"GET {address}", everything(client.get(address))


def everything(answer: Any) -> str:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    headers = "".join(f"{name}: {value}\n" for name, value in answer.headers.items())
    return f"{answer.status_code}\n{headers}\n{answer.cookies}\n{body.decode(errors='replace')}"


def found_by(client: Client, things: dict, *, writes: bool) -> dict[str, set[str]]:
    """Canary -> the addresses that gave it away."""
    found: dict[str, set[str]] = {}
    for asked, said in answers(client, things, writes=writes):
        for word in CANARY.findall(said):
            found.setdefault(word.lower(), set()).add(asked)
    return found


@pytest.mark.parametrize("reader", READERS)
def test_who_may_not_read_the_file_finds_nothing_of_it(private, make_user, settings, reader, caplog):
    settings.PUBLIC_READ = reader != "closed"
    client = client_of(reader, private, make_user)
    caplog.clear()
    found = found_by(client, private, writes=True)
    assert found == {}
    assert not CANARY.search(caplog.text)


def test_a_viewers_token_finds_nothing_of_it(private, make_user, settings):
    settings.PUBLIC_READ = True
    token = tokens.make_token(make_user("viewer", role="viewer"), name="script", days=1, by=None)
    client = Client(headers={"Authorization": f"Token {token}"})
    assert client.get("/api/v1/files/").status_code == 200  # it is let in
    assert found_by(client, private, writes=True) == {}


def test_its_owner_finds_every_canary_so_the_walk_can_fail(private, settings):
    settings.PUBLIC_READ = True
    found = found_by(client_of("owner", private, None), private, writes=False)
    assert set(CANARIES["file"]) | set(CANARIES["vcf"]) <= set(found)


def test_everybody_sees_the_claims_themselves(private, settings):
    settings.PUBLIC_READ = True
    records = Client().get(f"/api/v1/variants/{private['variant']}/").json()["records"]
    assert {record["classification"] for record in records} >= {"pathogenic", "benign"}
    assert {record["samples"] for record in records} == {None}
    assert DataFile.objects.get(pk=private["file"]).visibility == "private"
    assert Variant.objects.get(pk=private["variant"]).record_count >= 2
