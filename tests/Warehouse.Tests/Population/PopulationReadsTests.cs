using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;
using Lambda.Domain.Yaml;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ports;
using Lambda.TestKit;
using Lambda.TestKit.Expressions;
using Lambda.TestKit.Population;
using Lambda.Warehouse.Client;
using Lambda.Warehouse.Population;
using Lambda.Warehouse.Tests.Local;
using Xunit;

namespace Lambda.Warehouse.Tests.Population;

/// <summary>Questions about the population mean in ClickHouse what the language's evaluator makes of each row, bit for bit.</summary>
[Collection(LocalWarehouseCollection.Name)]
public sealed class PopulationReadsTests(LocalWarehouseFixture local) : IAsyncLifetime
{
    private const int RowCount = 60, Questions = 40, Seeds = 3;

    // An output of every type, maps among them, names that are columns of the table's own, and a segment.
    private static readonly ViewDefinition Definition = DefinitionLoader.Load("reads.yaml", """
        view: reads
        fields: { ratio: decimal, flag: bool }
        metrics:
          spend: { of: transaction, sum: billing_amount_minor, windows: [7d] }
          epoch: { of: transaction, count: true }
          email: { of: profile, latest: email }
          tier: { of: profile, latest: customer_tier }
          birthday: { of: profile, latest: birth_date }
          since: { of: profile, min: customer_since }
          seen: { of: login, max: occurred_at }
          first: { of: login, min: occurred_at }
          rate: { of: transaction, latest: ratio }
          worst: { of: transaction, max: ratio }
          on: { of: login, latest: success }
          flagged: { of: login, latest: flag }
          by_category: { of: transaction, sum: billing_amount_minor, by: category }
          rates: { of: transaction, max: ratio, by: category }
          days: { of: account, latest: occurred_day, by: account_type }
          times: { of: transaction, max: occurred_at, by: channel }
          names: { of: account, latest: account_id, by: account_type }
          flags: { of: transaction, latest: flag, by: channel }
        segments:
          big: "spend > 0"
          rare: "email is null"
        lifetime: { purchases: epoch, first: first, last: seen, spent: spend, estimates: [rfm, p_alive, ltv_365d_minor, expected_purchases_90d] }
        """);

    private readonly MemoryPopulation _memory = new() { Definition = Definition };
    private ClickHouseClient _client = null!;
    private ClickHousePopulation _table = null!;
    private ClickHousePopulationReads _reads = null!;

    public async Task InitializeAsync()
    {
        if (LocalWarehouse.LibraryPath is null) return;
        _client = await local.MigratedClientAsync();
        _table = new ClickHousePopulation(_client);
        _reads = new ClickHousePopulationReads(_client, prefix => Definition.Hash.StartsWith(prefix, StringComparison.Ordinal) ? Definition : null, TimeProvider.System);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [SkippableFact]
    public async Task Search_WhenQuestionsAreRandom_AnswersAsTheEvaluatorDoes()
    {
        for (var seed = 0; seed < Seeds; seed++)
        {
            var random = new Random(seed);
            await FillAsync(random);
            var columns = PopulationColumns.Of(Definition).All;
            Expr.Output[] outputs = [.. columns.Select(c => new Expr.Output(c.Index, c.Name, c.Type, c.Keys))];
            var generator = new RandomExpressions(random, [.. outputs.Where(o => !o.OutputType.ByKey), new Expr.Today()], [.. outputs.Where(o => o.OutputType.ByKey)]);
            for (var i = 0; i < Questions; i++)
            {
                var keys = Enumerable.Range(0, random.Next(3)).Select(_ => new SortKey(NotBool(generator, random), random.Next(2) == 0, random.Next(2) == 0)).ToList();
                var query = new PopulationQuery(Definition, generator.Of(ScalarType.Bool, 4), columns, true, keys, 1 + random.Next(RowCount));
                var what = $"seed {seed}, question {i}: {ExprText.Print(query.Where!)} by {string.Join("; ", keys.Select(k => ExprText.Print(k.Value)))}";
                AssertEqual(await _memory.SearchAsync(query, default), await _reads.SearchAsync(query, default), what);
                Assert.Equal(await _memory.CountAsync(Definition, query.Where, default), await _reads.CountAsync(Definition, query.Where, default));
            }
        }
    }

    [SkippableFact]
    public async Task Search_WhenARowWasWrittenAgain_SeesTheNewestOnly()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        await FillAsync(new Random(1));
        var spend = Definition.Outputs.Single(o => o.Name == "spend");
        var newer = _memory.Rows.Select(r => Row(r.Customer.ToString(), r.Epoch, r.Applied + 1, new Random(2))).ToList();
        await _table.WriteAsync(Definition, newer, default);
        _memory.Rows.Clear();
        _memory.Rows.AddRange(newer);
        foreach (var text in new[] { "spend > 0", "spend <= 0 or spend is null", "big", "not big and epoch > 3", "customer_id >= 'c5'" })
        {
            var where = PopulationColumns.Of(Definition).Parse(text, out _)!;
            var query = new PopulationQuery(Definition, where, [spend], false, [], 1_000);
            AssertEqual(await _memory.SearchAsync(query, default), await _reads.SearchAsync(query, default), text);
        }
        Assert.Equal(RowCount, (await _reads.SummaryAsync(Definition, default)).Rows);
    }

    [SkippableTheory]
    [InlineData("' OR 1=1 --")]
    [InlineData("\\' OR 1=1 --")]
    [InlineData("'); DROP TABLE raw_events; --")]
    [InlineData("x\\")]
    [InlineData("\\x27 or 1 = 1 or \\x27\\x27=\\x27")]
    [InlineData("{from:String}")]
    [InlineData("日本\u0001\u0002\0\n\r\t`\"%_$$")]
    [InlineData("\u0001" + "0\u0002")]
    public async Task Search_WhenALiteralIsHostile_IsALiteral(string text)
    {
        LocalWarehouseFixture.SkipIfAbsent();
        await FillAsync(new Random(3));
        var hostile = Row(text.Length > 100 ? "h" : text, 1, 1, new Random(4));
        hostile.Answer.Scalars[Definition.Outputs.Single(o => o.Name == "email").Index] = Value.Text(text);
        await _table.WriteAsync(Definition, [hostile], default);
        foreach (var where in new[] { $"email = '{text.Replace("'", "''")}'", $"email in ('{text.Replace("'", "''")}', 'no')", $"contains(email, '{text.Replace("'", "''")}')", $"customer_id = '{text.Replace("'", "''")}'" })
        {
            var expression = PopulationColumns.Of(Definition).Parse(where, out var errors);
            Assert.True(expression is not null, string.Join('\n', errors));
            var hits = await _reads.SearchAsync(new PopulationQuery(Definition, expression, [Definition.Outputs.Single(o => o.Name == "email")], true, [], 1_000), default);
            var hit = Assert.Single(hits);
            Assert.Equal(text, hit.Scalars[0].ToString());
        }
        Assert.Equal(RowCount + 1, await _reads.CountAsync(Definition, null, default));
    }

    [SkippableFact]
    public async Task Definition_WhenAnotherTakesOver_IsTheShownOne()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        Assert.Null(await new ClickHousePopulationReads(_client, _ => Definition, TimeProvider.System).DefinitionAsync(default));
        await FillAsync(new Random(5));
        Assert.Equal(Definition.Hash, (await new ClickHousePopulationReads(_client, p => Definition.Hash.StartsWith(p, StringComparison.Ordinal) ? Definition : null, TimeProvider.System).DefinitionAsync(default))?.Hash);
        var other = DefinitionLoader.Load("other.yaml", "view: other\nmetrics:\n  logins: { of: login, count: true }\n");
        await _table.EnsureAsync(other, default);
        await _table.ActivateAsync(other, default);
        await Assert.ThrowsAsync<EngineUnavailableException>(() => _reads.CountAsync(Definition, null, default));
    }

    [SkippableFact]
    public async Task Export_WhenCutAtBoundaries_GivesEveryRowOnce()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        await FillAsync(new Random(6));
        string[] bounds = ["", .. await _reads.BoundariesAsync(Definition, 10, default), ""];
        Assert.Equal(7, bounds.Length);
        var lines = new List<string>();
        for (var i = 0; i + 1 < bounds.Length; i++)
        {
            await using var part = await _reads.ExportAsync(new PopulationExport(Definition, null, [.. Definition.Outputs], true, ExportFormat.Ndjson, bounds[i], bounds[i + 1]), default);
            lines.AddRange((await new StreamReader(part).ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
        Assert.Equal(_memory.Rows.Select(r => r.Customer.ToString()).Order(), lines.Select(l => System.Text.Json.JsonDocument.Parse(l).RootElement.GetProperty("customer_id").GetString()!).Order());
    }

    private static Expr NotBool(RandomExpressions generator, Random random)
    {
        var types = Enum.GetValues<ScalarType>().Where(t => t != ScalarType.Bool).ToList();
        return generator.Of(types[random.Next(types.Count)], 3);
    }

    private async Task FillAsync(Random random)
    {
        _memory.Rows.Clear();
        _memory.Rows.AddRange(Enumerable.Range(0, RowCount).Select(i => Row($"c{i}", 1 + random.Next(3), random.Next(100), random)));
        await _table.EnsureAsync(Definition, default);
        await _client.ExecuteAsync($"TRUNCATE TABLE {PopulationTable.NameOf(Definition)}");
        foreach (var part in _memory.Rows.Chunk(RowCount / 3)) await _table.WriteAsync(Definition, part, default);
        await _table.ActivateAsync(Definition, default);
    }

    private static PopulationRow Row(string customer, long epoch, long applied, Random random)
    {
        Value[] scalars = [.. Definition.Outputs.Select(o => o.Type.ByKey ? default : Of(o.Type.Scalar, random, true))];
        Value[]?[] maps = [.. Definition.Outputs.Select(o => o.Keys?.Select(_ => random.Next(3) == 0 ? Value.Null(o.Type.Scalar) : Of(o.Type.Scalar, random, false)).ToArray())];
        bool[] segments = [.. Definition.Segments.Select(_ => random.Next(2) == 0)];
        return new PopulationRow(CustomerId.From(customer), random.Next(4), epoch, applied, new Domain.Views.Answer(Definition, 20_000 + random.Next(3), scalars, maps, segments))
        {
            Estimates = random.Next(3) == 0 ? [] : [.. PopulationColumns.Of(Definition).Estimates.Select(c => Of(c.Type.Scalar, random, true))],
        };
    }

    /// <summary>Days and instants within what the table's columns hold.</summary>
    private static Value Of(ScalarType type, Random random, bool nullable)
    {
        while (true)
        {
            var value = RandomValues.Of(type, random, nullable);
            var day = type == ScalarType.Day ? value.Number : type == ScalarType.Instant ? Clock.DayOf((long)value.Number) : 0;
            if (day >= DeclaredForms.FirstDay && day <= DeclaredForms.LastDay) return value;
        }
    }

    private static void AssertEqual(IReadOnlyList<PopulationHit> expected, IReadOnlyList<PopulationHit> actual, string what)
    {
        var (want, got) = (expected.Select(Text).ToList(), actual.Select(Text).ToList());
        for (var i = 0; i < Math.Max(want.Count, got.Count); i++)
            Assert.True(want.ElementAtOrDefault(i) == got.ElementAtOrDefault(i), $"{what}\nrow {i}: expected {want.ElementAtOrDefault(i)}\nfound {got.ElementAtOrDefault(i)}");
    }

    private static string Text(PopulationHit hit)
    {
        var text = new StringBuilder($"{hit.Customer} {hit.Partition} {hit.Epoch} {hit.Applied} {hit.AsOfDay} [{string.Join(',', hit.Segments)}]");
        for (var i = 0; i < hit.Scalars.Length; i++) text.Append(' ').Append(hit.Maps[i] is { } map ? $"{{{string.Join(',', map)}}}" : hit.Scalars[i].ToString());
        return text.Append(" by ").AppendJoin(',', hit.Sort).ToString();
    }
}
