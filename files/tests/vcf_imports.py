"""VCF texts to import, and what became of them."""

from variants.models import Record, VariantName


def info(key: str, number: str = ".", description: str = "x", kind: str = "String") -> str:
    return f'##INFO=<ID={key},Number={number},Type={kind},Description="{description}">\n'


def vcf(*lines: str, meta: str = "") -> str:
    """Cells between blanks; `meta` stands above them."""
    head = f"##fileformat=VCFv4.2\n{meta}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    return head + "".join("\t".join(line.split(" ")) + "\n" for line in lines)


def claim(alt_index: int = 1) -> Record:
    return Record.objects.select_related("variant__gene").get(alt_index=alt_index)


def names(record: Record) -> set[str]:
    return set(VariantName.objects.filter(variant=record.variant).values_list("text", flat=True))


def counted(job) -> dict[str, int]:
    return {name: count for name, count in job.counts.items() if count}
