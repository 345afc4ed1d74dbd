using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.TestKit;
using Lambda.TestKit.Expressions;
using Xunit;

namespace Lambda.Domain.Tests.Expressions;

/// <summary>Event expressions mean the same in C# and in ClickHouse, bit for bit.</summary>
[Collection(LocalWarehouseCollection.Name)]
public sealed class EventExpressionSqlTests(LocalWarehouseFixture warehouse)
{
    private const int ExpressionsPerRun = 30, RowsPerRun = 40;

    private static readonly Field[] Fields = [EventCatalog.AmountMinor, EventCatalog.Points, EventCatalog.Lat, EventCatalog.Lon, EventCatalog.Status, EventCatalog.MerchantName, EventCatalog.Success, EventCatalog.IsFraud, EventCatalog.BirthDate, EventCatalog.CustomerSince];

    private static readonly FieldRef.Declared[] Declared = [.. Enum.GetValues<ScalarType>().Select(t => new FieldRef.Declared("x_" + t.Word(), t))];

    private static readonly FieldRef[] Leaves =
        [.. Fields.Select(f => new FieldRef.Catalogued(f)), .. Declared, new FieldRef.OccurredAt(), new FieldRef.OccurredDay(), new FieldRef.EventId(), new FieldRef.TypeName()];

    private static readonly string Columns = "row_number UInt32, event_id String, type LowCardinality(String), occurred_at Int64, present UInt64, extras Map(LowCardinality(String), String), "
        + string.Join(", ", Fields.Select(f => $"{f.Name} {(f == EventCatalog.Status ? "LowCardinality(String)" : SqlTable.ColumnType(f.Type))}"));

    [SkippableFact]
    public async Task Emit_RandomExpressionsOverRandomRows_GivesTheEvaluatorsValues()
    {
        using var table = new SqlTable(warehouse.Url, "event_expressions", Columns);
        await table.CreateAsync();
        for (var seed = Rounds.FirstSeed; seed < Rounds.FirstSeed + Rounds.Count; seed++) await CompareAsync(table, seed);
    }

    private static async Task CompareAsync(SqlTable table, int seed)
    {
        var random = new Random(seed);
        var generator = new RandomExpressions(random, [.. Leaves.Select(f => new Expr.EventField(f))], []);
        var expressions = Enumerable.Range(0, ExpressionsPerRun).Select(i => i % 2 == 0 ? generator.Of(ScalarType.Bool, 4) : generator.Any(4)).ToList();
        var rows = Enumerable.Range(0, RowsPerRun).Select(i => RandomRow(random, i)).ToList();
        await table.ReplaceAsync(rows.Select(r => r.Json));

        var columns = expressions.Select(e => SqlTable.Column(e.Type.Scalar, EventSql.Emit(e)))
            .Concat(expressions.Where(e => e.Type.Scalar == ScalarType.Bool).Select(e => $"toString({EventSql.EmitCondition(e)})"));
        var actual = await table.SelectAsync(columns, compiled: seed % 2 == 0);
        var compiled = expressions.Select(EventExpressions.Compile).ToList();
        for (var row = 0; row < rows.Count; row++)
        {
            string[] expected = [.. compiled.Select(e => SqlTable.Text(e.Evaluate(rows[row].Row))), .. compiled.Where(e => e.Type == ScalarType.Bool).Select(e => e.IsTrue(rows[row].Row) ? "1" : "0")];
            for (var i = 0; i < expected.Length; i++)
            {
                if (expected[i] == actual[row][i]) continue;
                var expression = i < expressions.Count ? expressions[i] : expressions.Where(e => e.Type.Scalar == ScalarType.Bool).ElementAt(i - expressions.Count);
                Assert.Fail($"seed {seed} " + await table.ExplainAsync(expression, row, seed % 2 == 0, e => EventSql.Emit(e), e => EventExpressions.Compile(e).Evaluate(rows[row].Row)));
            }
        }
    }

    private static (EventRow Row, object Json) RandomRow(Random random, int number)
    {
        var type = EventCatalog.Types[random.Next(EventCatalog.Types.Count)];
        var occurredAt = RandomValues.Instant(random);
        var writer = new RecordWriter().Begin(type, "c"u8, Encoding.UTF8.GetBytes($"e{random.Next(3)}"), occurredAt);
        var json = new Dictionary<string, object?> { ["row_number"] = number, ["event_id"] = Encoding.UTF8.GetString(writer.EventId), ["type"] = type.Name, ["occurred_at"] = occurredAt };
        foreach (var field in Fields)
        {
            var value = RandomValues.Of(field.Type, random);
            if (value.IsNull || random.Next(4) == 0) continue;
            if (field.Type == ScalarType.Text) writer.SetText(field, value.Utf8);
            else if (field.Type == ScalarType.Decimal) writer.SetDecimal(field, value.Number);
            else writer.SetNumber(field, (long)value.Number);
            json[field.Name] = SqlTable.Json(value);
        }
        json["extras"] = RandomExtras(random, writer);
        json["present"] = writer.Present.ToString();
        var row = new EventRow();
        RecordCodec.Read(writer.Finish("{}"u8).ToArray(), row);
        return (row, json);
    }

    private static Dictionary<string, string> RandomExtras(Random random, RecordWriter writer)
    {
        var extras = new Dictionary<string, string>();
        foreach (var field in Declared)
        {
            if (random.Next(5) == 0) continue;
            var (kind, text) = RandomExtra.For(random.Next(6) == 0 ? ScalarType.Text : field.FieldType, random);
            writer.AddExtra(Encoding.UTF8.GetBytes(field.FieldName), kind, Encoding.UTF8.GetBytes(text));
            extras[field.FieldName] = kind switch { ExtraKind.Number => "n", ExtraKind.Text => "s", ExtraKind.True => "t", _ => "f" } + text;
        }
        return extras;
    }
}

/// <summary>Forms of undeclared JSON values, good and nearly good.</summary>
internal static class RandomExtra
{
    private static readonly string[] Numbers = ["0", "-0", "1", "-1", "12.5", "-0.5", "0.000001", "1.0000001", "1e3", "1E-2", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "12345678901234567890", "99999999999999999999999999999999.999999", "999999999999999999999999999999999", "-99999999999999999999999999999999", "3.10"];

    private static readonly string[] Texts = ["", "gold", "2026-01-31", "2026-02-30", "2024-02-29", "2023-02-29", "1900-01-01", "1899-12-31", "2299-12-31", "2300-01-01", "2026-1-31", "2026-01-31x", "0000-00-00", "2026-13-01", "2026-00-10", "2026-01-31T10:20:30Z", "2026-01-31T10:20:30.5Z", "1969-12-31T23:59:59.999999Z", "2026-01-31T10:20:30.1234567Z", "2026-01-31T24:00:00Z", "2026-01-31T10:20:60Z", "2026-01-31T10:20:30+01:00", "2026-02-30T10:20:30Z", "2026-01-31T10:20:30.Z", "1900-01-01T00:00:00Z", "n12", "t", "日本"];

    public static (ExtraKind Kind, string Text) For(ScalarType type, Random random) => type switch
    {
        ScalarType.Int64 or ScalarType.Decimal => (ExtraKind.Number, Numbers[random.Next(Numbers.Length)]),
        ScalarType.Bool => (random.Next(2) == 0 ? ExtraKind.True : ExtraKind.False, ""),
        _ => (ExtraKind.Text, Texts[random.Next(Texts.Length)]),
    };
}
