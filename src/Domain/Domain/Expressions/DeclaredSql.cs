using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

/// <summary>
/// Reads a declared field out of `extras`, whose values are a tag (n number, s text, t true, f false) and the text: the forms of <see cref="DeclaredForms"/>.
/// </summary>
internal static class DeclaredSql
{
    private const string Date = "(19|20|21|22)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])";
    private const string Time = "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\\\.[0-9]{1,6})?Z";

    public static Sql Read(SqlEmitter sql, FieldRef.Declared field)
    {
        var extra = sql.Let($"extras[{Sql.Text(field.FieldName)}]");
        return field.FieldType switch
        {
            ScalarType.Text => Sql.Scalar($"substring({extra}, 2)", $"startsWith({extra}, 's')"),
            ScalarType.Bool => Sql.Bool($"({extra} = 't')", $"({extra} = 'f')"),
            ScalarType.Int64 => Int64(sql, extra),
            ScalarType.Decimal => Sql.Scalar(
                $"toInt128OrZero(concat(extract({extra}, '^n(-?[0-9]+)'), rightPad(extract({extra}, '\\\\.([0-9]+)$'), 6, '0')))",
                $"match({extra}, '^n-?[0-9]{{1,32}}(\\\\.[0-9]{{1,6}})?$')"),
            ScalarType.Day => Sql.Scalar($"toInt32({DateOf(sql, extra)})", Sql.And($"match({extra}, '^s{Date}$')", IsDate(sql, extra))),
            _ => Sql.Scalar(Instant(sql, extra), Sql.And($"match({extra}, '^s{Date}{Time}$')", IsDate(sql, extra))),
        };
    }

    private static Sql Int64(SqlEmitter sql, string extra)
    {
        var wide = sql.Let($"toInt128OrZero(extract({extra}, '^n(-?[0-9]{{1,19}})$'))");
        return Sql.Scalar($"toInt64({wide})", Sql.And($"match({extra}, '^n-?[0-9]{{1,19}}$')", ArithmeticSql.FitsLong(wide)));
    }

    private static string DateOf(SqlEmitter sql, string extra) => sql.Let($"toDate32OrZero(substring({extra}, 2, 10))");

    // A date that does not exist (02-30) parses as another or as zero: it must come back as it went in.
    private static string IsDate(SqlEmitter sql, string extra) => $"(toString({DateOf(sql, extra)}) = substring({extra}, 2, 10))";

    private static string Instant(SqlEmitter sql, string extra)
    {
        var fraction = $"toInt64OrZero(rightPad(extract({extra}, '\\\\.([0-9]+)Z$'), 6, '0'))";
        return $"(toInt64(toInt32({DateOf(sql, extra)})) * 86400000000 + {Part(extra, 13)} * 3600000000 + {Part(extra, 16)} * 60000000 + {Part(extra, 19)} * 1000000 + {fraction})";
    }

    private static string Part(string extra, int at) => $"toInt64OrZero(substring({extra}, {at}, 2))";
}
