"""Genes, variants, the claims made about them and where each claim comes from.

Coordinates: `pos` is VCF POS, 1-based. Identity and normal form are defined in `variants.normalising`.
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import MD5, Left, Upper
from django.utils import timezone

from variants.classification import Classification
from variants.fields import IntMultiRangeField

CHROMOSOMES = [*(str(n) for n in range(1, 23)), "X", "Y", "MT"]
ASSEMBLIES = ["GRCh37", "GRCh38"]
GENE_ASSEMBLY = "GRCh38"  # the assembly of Gene.start and Gene.end


class GeneQuerySet(models.QuerySet["Gene"]):
    def named(self, *names: str) -> "GeneQuerySet":
        """The genes that bear any of `names`, in any case. An approved symbol is never read as another gene's alias."""
        wanted = {name.strip().upper() for name in names if name.strip() and "\0" not in name}
        symbols = set(
            GeneName.objects.filter(name__in=wanted, kind=GeneName.Kind.SYMBOL).values_list("name", flat=True)
        )
        return self.filter(
            Q(names__name__in=symbols, names__kind=GeneName.Kind.SYMBOL) | Q(names__name__in=wanted - symbols)
        ).distinct()


class Gene(models.Model):
    """A gene of the gene table, or (`listed` false) a name that only a loaded file gave."""

    symbol = models.CharField(max_length=80, help_text="approved symbol, as written")
    name = models.CharField(max_length=400, blank=True)
    hgnc_id = models.CharField(max_length=20, blank=True)
    ensembl_id = models.CharField(max_length=20, blank=True, db_index=True)
    chrom = models.CharField(max_length=2, blank=True)
    start = models.IntegerField(null=True, blank=True, help_text="GRCh38, 1-based")
    end = models.IntegerField(null=True, blank=True, help_text="GRCh38, 1-based, included")
    strand = models.CharField(max_length=1, blank=True)
    coding = models.BooleanField(default=False)
    exons = IntMultiRangeField(null=True, blank=True, editable=False)
    listed = models.BooleanField(default=True, help_text="in the gene table, not only in a loaded file")
    variant_count = models.IntegerField(default=0, help_text="variants with current claims; kept by loads")

    objects = GeneQuerySet.as_manager()

    class Meta:
        ordering = ["symbol"]
        constraints = [models.UniqueConstraint(Upper("symbol"), name="gene_symbol_any_case")]
        indexes = [models.Index(fields=["chrom", "start", "end"], name="gene_place")]

    def __str__(self) -> str:
        return self.symbol


class GeneName(models.Model):
    """A name by which a gene can be found."""

    class Kind(models.TextChoices):
        SYMBOL = "symbol"
        ALIAS = "alias"
        PREVIOUS = "previous"

    # db_index=False here and below: a unique constraint that begins with the column serves the foreign key too.
    gene = models.ForeignKey(Gene, on_delete=models.CASCADE, related_name="names", db_index=False)
    name = models.CharField(max_length=160, help_text="upper case")
    written = models.CharField(max_length=160)
    kind = models.CharField(max_length=8, choices=Kind)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gene", "name"], name="gene_name_once")]
        indexes = [
            # pattern_ops: a prefix is a range in this index whatever the database's locale; it serves equality too.
            models.Index(fields=["name"], opclasses=["varchar_pattern_ops"], name="gene_name_prefix"),
        ]

    def __str__(self) -> str:
        return f"{self.written} ({self.kind})"


class Load(models.Model):
    """One import: which bytes were read how, and what became of their lines."""

    class State(models.TextChoices):
        LOADING = "loading"
        LIVE = "live"
        WITHDRAWN = "withdrawn"
        REPLACED = "replaced", "replaced: the same file was read otherwise"
        SUPERSEDED = "superseded", "superseded by a later release"

    label = models.CharField(max_length=300)
    source = models.CharField(max_length=200, blank=True)
    assembly = models.CharField(max_length=8, blank=True, help_text="chosen for rows that name none")
    checksum = models.CharField(max_length=64, help_text="SHA-256 of the file's bytes")
    options = models.JSONField(default=dict, help_text="read options and mapping")
    fingerprint = models.CharField(max_length=64, unique=True, help_text="of checksum, options and assembly")
    file_id = models.BigIntegerField(null=True, blank=True, db_index=True)
    reading = models.PositiveIntegerField(default=0, help_text="number of the reading of the file that it is made of")
    state = models.CharField(max_length=10, choices=State, default=State.LOADING)
    followed_by = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="follows",
        help_text="the load that superseded or replaced this one",
    )  # fmt: skip
    counts = models.JSONField(default=dict, blank=True)
    notes = models.JSONField(default=list, blank=True, help_text="what was guessed or flagged, as sentences")
    created = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["checksum"], name="load_checksum")]

    def __str__(self) -> str:
        return self.label


class LoadIssue(models.Model):
    """A line of a load that became no claim, or only some of its alleles did, and why."""

    class Kind(models.TextChoices):
        REJECTED = "rejected"
        SKIPPED = "skipped"
        FLAGGED = "flagged", "flagged (kept)"

    load = models.ForeignKey(Load, on_delete=models.CASCADE, related_name="issues", db_index=False, db_constraint=False)
    line = models.BigIntegerField()
    kind = models.CharField(max_length=8, choices=Kind)
    reason = models.CharField(max_length=300)

    class Meta:
        ordering = ["load", "line", "pk"]
        indexes = [models.Index(fields=["load", "line"], name="loadissue_line")]

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


class VariantQuerySet(models.QuerySet["Variant"]):
    def current(self) -> "VariantQuerySet":
        """Variants that at least one current claim speaks of."""
        return self.filter(record_count__gt=0)

    def in_region(self, assembly: str, chrom: str, start: int, end: int) -> "VariantQuerySet":
        """Variants with start <= pos <= end (1-based, both ends included)."""
        rank = CHROMOSOMES.index(chrom) + 1  # what the index on places holds
        return self.filter(assembly=assembly, chrom_rank=rank, pos__range=(start, end))

    def of_genes(self, genes: models.QuerySet[Gene]) -> "VariantQuerySet":
        # As a list: with the ids the planner walks (gene, variant); with a subquery it may scan all links.
        ids = list(genes.values_list("pk", flat=True))
        return self.filter(Exists(VariantGene.objects.filter(variant=OuterRef("pk"), gene__in=ids)))

    def with_claims_of(self, loads: models.QuerySet[Load]) -> "VariantQuerySet":
        return self.filter(
            Exists(Record.objects.filter(variant=OuterRef("pk"), load__in=list(loads.values_list("pk", flat=True))))
        )

    def bearing(self, text: str, *kinds: str) -> "VariantQuerySet":
        """Variants to which a claim gave this name, in any case."""
        names = VariantName.objects.spelled(text).filter(variant=OuterRef("pk"))
        return self.filter(Exists(names.filter(kind__in=kinds) if kinds else names))


class Variant(models.Model):
    """One change to one place of one assembly, or, where no claim gives a place, one name."""

    key = models.UUIDField(unique=True, editable=False, help_text="digest of the identity")
    assembly = models.CharField(max_length=8, null=True, blank=True)
    chrom = models.CharField(max_length=2, null=True, blank=True)
    chrom_rank = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    pos = models.IntegerField(null=True, blank=True, help_text="VCF POS, 1-based")
    ref = models.TextField(null=True, blank=True)
    alt = models.TextField(null=True, blank=True)
    padding = models.BooleanField(default=False, help_text="ref and alt are a complete VCF form")
    gene = models.ForeignKey(
        Gene, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_constraint=False
    )
    transcript = models.TextField(null=True, blank=True)
    hgvs_c = models.TextField(null=True, blank=True)
    hgvs_p = models.TextField(null=True, blank=True)
    hgvs_g = models.TextField(null=True, blank=True)
    rsid = models.CharField(max_length=20, null=True, blank=True)
    consequence = models.TextField(null=True, blank=True)
    classification = models.PositiveSmallIntegerField(choices=Classification, default=Classification.NOT_PROVIDED)
    conflict = models.BooleanField(default=False)
    lab_classification = models.PositiveSmallIntegerField(choices=Classification, null=True, blank=True)
    record_count = models.IntegerField(default=0, help_text="current claims")
    last_evaluated = models.DateField(null=True, blank=True)

    genes: models.ManyToManyField = models.ManyToManyField(Gene, through="VariantGene", related_name="variants")
    objects = VariantQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(pos__isnull=True) | Q(pos__gte=1), name="variant_pos_from_1"),
            models.CheckConstraint(
                condition=Q(assembly__isnull=True, chrom__isnull=True, chrom_rank__isnull=True, pos__isnull=True)
                | Q(assembly__isnull=False, chrom__isnull=False, chrom_rank__isnull=False, pos__isnull=False),
                name="variant_place_whole_or_none",
            ),
            models.CheckConstraint(
                condition=Q(padding=False) | Q(ref__isnull=False, alt__isnull=False), name="variant_padding_has_alleles"
            ),
        ]
        indexes = [
            models.Index(fields=["assembly", "chrom_rank", "pos", "id"], name="variant_place"),
            models.Index(fields=["chrom_rank", "pos", "id"], name="variant_position_order"),
            models.Index(fields=["classification", "id"], name="variant_classification"),
            models.Index(F("last_evaluated").desc(nulls_last=True), F("id").desc(), name="variant_evaluated"),
        ]

    def __str__(self) -> str:
        if self.chrom:
            return f"{self.chrom}-{self.pos}-{self.ref or '?'}-{self.alt or '?'} ({self.assembly})"
        return self.hgvs_g or self.hgvs_c or self.hgvs_p or self.rsid or f"variant {self.pk}"


# db_constraint=False here and below: the merge writes millions of such rows at once, and PostgreSQL would look each of
# them up again one by one, at the commit (a third of an import's time). The merge, the one door, joins on the rows that
# it refers to, under its lock; nobody deletes them without it; `check_variants` looks for rows that refer to nothing.
class VariantGene(models.Model):
    """A gene that a variant lies in (by its place on GRCh38) or that a claim names for it."""

    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="gene_links", db_constraint=False)
    gene = models.ForeignKey(
        Gene, on_delete=models.CASCADE, related_name="variant_links", db_index=False, db_constraint=False
    )
    named = models.BooleanField(help_text="a claim names it; else by place")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gene", "variant"], name="variant_gene_once")]

    def __str__(self) -> str:
        return f"{self.variant_id} in {self.gene_id}"


class VariantNameQuerySet(models.QuerySet["VariantName"]):
    def spelled(self, text: str) -> "VariantNameQuerySet":
        """Names equal to `text` in any case, through the index on their first 200 characters."""
        return self.alias(folded=Upper(Left("text", 200)), whole=Upper("text")).filter(
            folded=text[:200].upper(), whole=text.upper()
        )

    def spelled_as(self, texts: list[str]) -> "VariantNameQuerySet":
        """Names equal to one of `texts` in any case, through the same index."""
        wanted = [text.upper() for text in texts]
        return self.alias(folded=Upper(Left("text", 200)), whole=Upper("text")).filter(
            folded__in=list({text[:200] for text in wanted}), whole__in=wanted
        )


class VariantName(models.Model):
    """A name that a claim gave to a variant."""

    class Kind(models.TextChoices):
        RSID = "rsid"
        CLINVAR = "clinvar"
        C = "c", "coding DNA"
        N = "n", "non-coding DNA"
        P = "p", "protein"
        G = "g", "genomic"
        SPDI = "spdi", "SPDI, as written"  # of an allele that is stored elsewhere in its repeat than it was written

    variant = models.ForeignKey(
        Variant, on_delete=models.CASCADE, related_name="names", db_index=False, db_constraint=False
    )
    kind = models.CharField(max_length=8, choices=Kind)
    text = models.TextField()
    load = models.ForeignKey(Load, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False)

    objects = VariantNameQuerySet.as_manager()

    class Meta:
        # That a load gives a name once is the merge's care: a unique index over each text cost it more than the rows.
        indexes = [
            models.Index(fields=["variant", "load"], name="variant_name_of_load"),
            models.Index(Upper(Left("text", 200)), name="variant_name_text"),
        ]

    def __str__(self) -> str:
        return self.text


class RecordQuerySet(models.QuerySet["Record"]):
    def current(self) -> "RecordQuerySet":
        return self.filter(load__state=Load.State.LIVE)

    def earlier(self) -> "RecordQuerySet":
        """Claims of releases that a later one superseded: history, which counts for nothing."""
        return self.filter(load__state=Load.State.SUPERSEDED).select_related("load")

    def of_genes(self, genes: models.QuerySet[Gene]) -> "RecordQuerySet":
        """Claims about variants of these genes, less those that name only other genes for the same variant."""
        ids = list(genes.values_list("pk", flat=True))
        names = list(GeneName.objects.filter(gene__in=ids).values_list("name", flat=True))
        linked = Exists(VariantGene.objects.filter(variant=OuterRef("variant"), gene__in=ids))
        return self.filter(linked).filter(Q(named_genes__overlap=names) | Q(named_genes=[]))


class Record(models.Model):
    """A claim: what one line of one file says about one variant. The raw line stays in the file's own table."""

    load = models.ForeignKey(
        Load, on_delete=models.CASCADE, related_name="records", db_index=False, db_constraint=False
    )
    line = models.BigIntegerField(help_text="physical line in the file, from 1")
    alt_index = models.PositiveSmallIntegerField(default=1, help_text="which ALT allele of the line, from 1")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="records", db_constraint=False)
    named_genes = ArrayField(
        models.TextField(), default=list, blank=True, help_text="as the claim writes them, upper case"
    )
    source = models.CharField(max_length=200, blank=True)
    classification = models.PositiveSmallIntegerField(choices=Classification, default=Classification.NOT_PROVIDED)
    reported_classification = models.TextField(null=True, blank=True)
    review_status = models.TextField(null=True, blank=True, help_text="as written, such as ClinVar's")
    oncogenicity = models.TextField(null=True, blank=True, help_text="as written; apart from the classification")
    somatic_impact = models.TextField(null=True, blank=True, help_text="as written; apart from the classification")
    last_evaluated = models.DateField(null=True, blank=True)
    submitter_comment = models.TextField(null=True, blank=True)
    source_url = models.TextField(null=True, blank=True)
    written = models.TextField(
        null=True, blank=True, help_text="place and alleles as written, where they are stored in another form"
    )

    objects = RecordQuerySet.as_manager()

    class Meta:
        ordering = ["load", "line", "alt_index"]
        constraints = [models.UniqueConstraint(fields=["load", "line", "alt_index"], name="record_once")]

    def __str__(self) -> str:
        return f"{self.load_id}, line {self.line}"


class ReportedWord(models.Model):
    """A classification as a load's claims write it, what it is read as, and how many claims say so."""

    load = models.ForeignKey(Load, on_delete=models.CASCADE, related_name="words", db_index=False)
    text = models.TextField()
    classification = models.PositiveSmallIntegerField(choices=Classification)
    known = models.BooleanField(help_text="the table of classifications has every word of it")
    claims = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(F("load"), MD5("text"), name="reported_word_once")]
        indexes = [models.Index(fields=["known"], condition=Q(known=False), name="reported_word_unknown")]

    def __str__(self) -> str:
        return f"{self.text}: {self.get_classification_display()}"


class ClassificationTerm(models.Model):
    """What a curator says that a written classification means; it goes before the table in `variants.classification`."""

    term = models.CharField(max_length=200, unique=True, help_text="folded as `classification.folded` does")
    classification = models.PositiveSmallIntegerField(choices=Classification)

    class Meta:
        ordering = ["term"]

    def __str__(self) -> str:
        return f"{self.term}: {self.get_classification_display()}"


class ClassificationTermChange(models.Model):
    """One change to the table of classifications: null stands for "as Vardesk has it"."""

    term = models.CharField(max_length=200, db_index=True)
    before = models.PositiveSmallIntegerField(choices=Classification, null=True)
    after = models.PositiveSmallIntegerField(choices=Classification, null=True)
    note = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.term}, {self.at:%Y-%m-%d}"


class DataVersion(models.Model):
    """One row: a number that rises with everything that changes what readers of variants are told."""

    number = models.BigIntegerField(default=1)

    def __str__(self) -> str:
        return str(self.number)

    @classmethod
    def bump(cls) -> None:
        """Raise it, last in the transaction that changes the data: the row is locked until the commit."""
        if not cls.objects.filter(pk=1).update(number=F("number") + 1):
            cls.objects.get_or_create(pk=1)


class ClassificationChange(models.Model):
    """What a known variant's aggregate was and became, when, because of which load."""

    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="changes")
    load = models.ForeignKey(Load, null=True, on_delete=models.SET_NULL, related_name="+")
    cause = models.CharField(
        max_length=300, blank=True, help_text="where it was not the load's arrival, in a few words"
    )
    at = models.DateTimeField(default=timezone.now)
    before = models.PositiveSmallIntegerField(choices=Classification)
    after = models.PositiveSmallIntegerField(choices=Classification)
    conflict_before = models.BooleanField(default=False)
    conflict_after = models.BooleanField(default=False)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.variant_id}: {self.get_before_display()} to {self.get_after_display()}"


def slug_of(value: int | None) -> str | None:
    """The API's word for a stored classification."""
    return None if value is None else Classification(value).slug
