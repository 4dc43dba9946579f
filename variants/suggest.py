"""Genes while typing."""

from django.db import connection

# `name` is upper case; its index knows prefixes (varchar_pattern_ops), so LIKE with an escaped prefix walks one range.
_SQL = """
SELECT symbol, name, match, kind, variant_count FROM (
  SELECT DISTINCT ON (g.id) g.symbol, g.name, n.written AS match, n.kind, g.variant_count,
    n.name = %(exact)s AS exact, array_position(ARRAY['symbol', 'alias', 'previous'], n.kind::text) AS rank
  FROM variants_genename n JOIN variants_gene g ON g.id = n.gene_id
  WHERE n.name LIKE %(prefix)s
  ORDER BY g.id, n.name = %(exact)s DESC, rank, length(n.name), n.name
) best
ORDER BY exact DESC, CASE WHEN exact THEN rank ELSE 0 END, variant_count = 0, CASE WHEN rank = 1 THEN 0 ELSE 1 END,
  length(match), upper(symbol)
LIMIT %(limit)s
"""


def suggest(text: str, *, limit: int = 10) -> list[dict]:
    r"""Genes one of whose names begins with `text`, in any case, one entry a gene, `match` its best name.

    Exact hits first (symbol, then alias, then previous symbol), then genes that have variants (matched by symbol
    before matched by another name), then the rest. `%`, `_`, `*` and `\` are ordinary characters.
    """
    wanted = text.strip().upper()
    prefix = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    with connection.cursor() as cursor:
        cursor.execute(_SQL, {"exact": wanted, "prefix": prefix, "limit": limit})
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
