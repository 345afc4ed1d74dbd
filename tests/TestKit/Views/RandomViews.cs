using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;
using Lambda.Simulation;

namespace Lambda.TestKit.Views;

/// <summary>
/// Random definitions over all aggregates, types, keys, windows and declared fields, and random events that touch them: extremes, repeats with other
/// bodies, equal times, lateness, days before 1970. Everything follows from the <see cref="Random"/> given.
/// </summary>
public static class RandomViews
{
    /// <summary>Append days of random events lie in [Today, Today + 20).</summary>
    public const int Today = 20_500;

    public static readonly FieldRef.Declared[] Declared =
    [
        new("d_int", ScalarType.Int64), new("d_dec", ScalarType.Decimal), new("d_text", ScalarType.Text),
        new("d_bool", ScalarType.Bool), new("d_day", ScalarType.Day), new("d_at", ScalarType.Instant),
    ];

    // --- definitions ------------------------------------------------------------------------------------------------------
    public static ViewDefinition Definition(Random random, int metrics) => TestDefinition.Of(
        Enumerable.Range(0, metrics).Select(i => Metric(random, $"m{i}")), tileRetentionDays: random.Next(4) == 0 ? random.Next(1, 30) : 400, Declared);

    private static Metric Metric(Random random, string name)
    {
        var of = Pick(random, EventCatalog.Types, random.Next(4) == 0 ? random.Next(1, 4) : 1);
        var aggregate = random.GetItems(Enum.GetValues<Aggregate>(), 1)[0];
        var fields = FieldsOf(of).Where(f => aggregate != Aggregate.Sum || f.Type is ScalarType.Int64 or ScalarType.Decimal).ToArray();
        var keys = of.SelectMany(t => t.Fields).Select(u => u.Field).Where(f => f.Vocabulary is not null).Distinct().ToArray();
        return TestDefinition.Metric(name, of, aggregate,
            aggregate == Aggregate.Count ? null : random.GetItems(fields, 1)[0],
            random.Next(3) == 0 ? null : Condition(random, FieldsOf(of).ToArray(), depth: 2),
            keys.Length > 0 && random.Next(4) == 0 ? random.GetItems(keys, 1)[0] : null,
            random.Next(2) == 0 ? [] : [.. Pick(random, [1, 2, 3, 7, 30, 90], random.Next(1, 4)).Order()]);
    }

    private static IEnumerable<FieldRef> FieldsOf(IEnumerable<EventType> of) =>
        of.SelectMany(t => t.Fields).Select(u => u.Field).Distinct().Select(FieldRef (f) => new FieldRef.Catalogued(f))
            .Concat(Declared).Append(new FieldRef.OccurredAt()).Append(new FieldRef.OccurredDay()).Append(new FieldRef.EventId()).Append(new FieldRef.TypeName());

    private static Expr Condition(Random random, FieldRef[] fields, int depth)
    {
        var boolean = new ResultType(ScalarType.Bool, false);
        var field = random.GetItems(fields, 1)[0];
        Expr read = new Expr.EventField(field);
        return random.Next(depth > 0 ? 8 : 5) switch
        {
            0 => new Expr.IsNull(read, random.Next(2) == 0),
            1 when field.Type != ScalarType.Bool => new Expr.In(read, [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => AnyOf(random, field))], random.Next(3) == 0),
            <= 4 => new Expr.Binary(Comparison(random, field.Type), read, new Expr.Constant(AnyOf(random, field)), boolean),
            5 => new Expr.Unary(UnaryOperator.Not, Condition(random, fields, depth - 1), boolean),
            var n => new Expr.Binary(n == 6 ? BinaryOperator.And : BinaryOperator.Or, Condition(random, fields, depth - 1), Condition(random, fields, depth - 1), boolean),
        };
    }

    private static BinaryOperator Comparison(Random random, ScalarType type) =>
        (BinaryOperator)random.Next((int)BinaryOperator.Equal, (int)(type == ScalarType.Bool ? BinaryOperator.NotEqual : BinaryOperator.GreaterOrEqual) + 1);

    // --- events -----------------------------------------------------------------------------------------------------------
    /// <summary>Events of one customer, ascending by offset; about one in ten repeats an earlier id.</summary>
    public static List<LoggedEvent> Events(Random random, int count, string customer = "c1")
    {
        var writer = new RecordWriter();
        var events = new List<LoggedEvent>();
        var (offset, appendedAtMs) = (random.NextInt64(1, 1000), Today * Clock.MsPerDay);
        for (var i = 0; i < count; i++)
        {
            offset += random.Next(1, 4);
            appendedAtMs += random.Next(3) == 0 ? random.NextInt64(Clock.MsPerDay) : random.Next(2);
            var id = $"e{(i > 0 && random.Next(10) == 0 ? random.Next(i) : i)}";
            events.Add(new LoggedEvent(Record(random, writer, customer, id, Clock.DayOfMs(appendedAtMs)), offset, appendedAtMs));
        }
        return events;
    }

    private static byte[] Record(Random random, RecordWriter writer, string customer, string id, int appendDay)
    {
        var type = random.GetItems(EventCatalog.Types.ToArray(), 1)[0];
        writer.Begin(type, Encoding.UTF8.GetBytes(customer), Encoding.UTF8.GetBytes(id), OccurredAt(random, appendDay));
        foreach (var use in type.Fields.Where(u => u.Required || random.Next(3) > 0))
        {
            var value = AnyOf(random, new FieldRef.Catalogued(use.Field));
            if (use.Field.Type == ScalarType.Text) writer.SetText(use.Field, value.Utf8);
            else if (use.Field.Type == ScalarType.Decimal) writer.SetDecimal(use.Field, value.Number);
            else writer.SetNumber(use.Field, (long)value.Number);
        }
        foreach (var field in Declared.Where(_ => random.Next(3) == 0)) AddExtra(random, writer, field);
        return writer.Finish().ToArray();
    }

    private static long OccurredAt(Random random, int appendDay)
    {
        var day = random.Next(8) switch { 0 => random.Next(-2000, 0), 1 => appendDay - random.Next(500), 2 => appendDay + 1, _ => appendDay - random.Next(6) };
        return day * Clock.MicrosPerDay + random.Next(4) switch { 0 => 0, 1 => Clock.MicrosPerDay - 1, _ => random.NextInt64(Clock.MicrosPerDay) };
    }

    /// <summary>In the declared form, or in another that counts as absent.</summary>
    private static void AddExtra(Random random, RecordWriter writer, FieldRef.Declared field)
    {
        var (kind, text) = random.Next(6) == 0 ? (ExtraKind.Text, "another form") : field.Type switch
        {
            ScalarType.Int64 => (ExtraKind.Number, Any(random, "7", "-3", "0", $"{long.MaxValue}", $"{long.MinValue}", "9223372036854775808", "1.5")),
            ScalarType.Decimal => (ExtraKind.Number, Any(random, "7", "-3.25", "0.000001", $"{new string('9', 32)}.999999", $"-{new string('9', 32)}.999999", "1.0000001")),
            ScalarType.Bool => (random.Next(2) == 0 ? ExtraKind.True : ExtraKind.False, ""),
            ScalarType.Day => (ExtraKind.Text, Any(random, "1969-12-31", "2026-02-28", "2026-02-30", "2200-01-01")),
            ScalarType.Instant => (ExtraKind.Text, Any(random, "1969-12-31T23:59:59.999999Z", "2026-02-28T00:00:00Z", "2026-02-28T24:00:00Z")),
            _ => (ExtraKind.Text, Any(random, "", "a", "B", "ä", "'; --")),
        };
        writer.AddExtra(Encoding.UTF8.GetBytes(field.Name), kind, Encoding.UTF8.GetBytes(text));
    }

    // --- values -----------------------------------------------------------------------------------------------------------
    private static Value AnyOf(Random random, FieldRef field) => field switch
    {
        FieldRef.Catalogued { Field: { Vocabulary: { } words } known } => Value.Text(known.Closed || random.Next(4) > 0 ? words[random.Next(words.Count)] : "elsewhere"),
        FieldRef.Catalogued { Field: { Type: ScalarType.Int64 or ScalarType.Decimal } known } => Value.Of(known.Type, Within(random, known.Min ?? long.MinValue, known.Max ?? long.MaxValue)),
        FieldRef.TypeName => Value.Text(random.GetItems(EventCatalog.Types.ToArray(), 1)[0].Name),
        _ => field.Type switch
        {
            ScalarType.Int64 => Value.Int(Within(random, long.MinValue, long.MaxValue)),
            ScalarType.Decimal => Value.DecimalScaled(random.Next(-3, 8) * (Int128)500_000),
            ScalarType.Text => Value.Text(Any(random, "", "a", "b", "B", "ä", "e1", "longer than sixteen bytes", "it's \\ \n")),
            ScalarType.Bool => Value.Bool(random.Next(2) == 0),
            ScalarType.Day => Value.Day(Today + random.Next(-3, 3)),
            _ => Value.Instant((Today + random.Next(-3, 3)) * Clock.MicrosPerDay),
        },
    };

    private static Int128 Within(Random random, Int128 min, Int128 max)
    {
        var value = random.Next(6) switch { 0 => min, 1 => max, 2 => random.Next(-100_000_000, 100_000_000), _ => random.Next(10) };
        return value < min ? min : value > max ? max : value;
    }

    private static string Any(Random random, params string[] values) => values[random.Next(values.Length)];

    private static T[] Pick<T>(Random random, IReadOnlyList<T> from, int count)
    {
        T[] shuffled = [.. from];
        random.Shuffle(shuffled);
        return shuffled[..count];
    }
}
