using System.Text;
using Lambda.Domain.Bytes;
using Lambda.Domain.Events;
using Lambda.Domain.Tests.Expressions;
using Lambda.Domain.Views;
using Lambda.Simulation;
using Lambda.SpeedLayer.Ports;
using Lambda.TestKit.Views;
using Lambda.TestKit;
using Lambda.Warehouse.Client;
using Lambda.Warehouse.Schema;
using Lambda.Warehouse;
using Xunit;

namespace Lambda.Domain.Tests.Views;

/// <summary>The recompute in SQL gives the states of the fold, bit for bit. LAMBDA_ROUNDS and LAMBDA_SEED widen it.</summary>
[Collection(LocalWarehouseCollection.Name)]
public sealed class ViewSqlTests(LocalWarehouseFixture fixture)
{
    private const int DefinitionsPerRound = 40, CustomersPerRound = 40, EventsMax = 40, Partition = 3;

    [SkippableFact]
    public async Task StatesSelect_OfRandomDefinitionsAndEvents_IsTheFold()
    {
        using var raw = await RawTable.CreateAsync(fixture);
        for (var seed = Rounds.FirstSeed; seed < Rounds.FirstSeed + Rounds.Count; seed++)
        {
            var customers = Customers(new Random(seed));
            await raw.ReplaceAsync(customers.Values.SelectMany(e => e), new Random(seed));
            for (var i = 0; i < DefinitionsPerRound; i++)
            {
                var random = new Random(seed * 1000 + i);
                var view = new CompiledView(RandomViews.Definition(random, random.Next(1, 13)));
                await CompareAllAsync(raw, view, customers, random, $"seed {seed}, definition {i}");
                if (i % 4 == 0) await CompareOneAsync(raw, view, customers, random, $"seed {seed}, definition {i}");
            }
        }
    }

    [Fact]
    public void Slices_OfSamples_CoverEveryCustomerOnce()
    {
        var random = new Random(1);
        for (var round = 0; round < 200; round++)
        {
            string[] samples = [.. Enumerable.Range(0, random.Next(30)).Select(_ => $"c{random.Next(20)}").Order(StringComparer.Ordinal)];
            var slices = ViewSql.Slices(random.NextInt64(10 * ViewSql.SliceEvents), samples);
            Assert.Equal(slices[0].From, slices[^1].To);
            for (var i = 0; i < 25; i++)
                Assert.Single(slices, s => string.CompareOrdinal($"c{i}", s.From) >= 0 && (s.To == "" || string.CompareOrdinal($"c{i}", s.To) < 0));
        }
    }

    private static async Task CompareAllAsync(RawTable raw, CompiledView view, Dictionary<string, List<LoggedEvent>> customers, Random random, string what)
    {
        var all = customers.Values.SelectMany(e => e).OrderBy(e => e.Offset).ToList();
        var cut = random.Next(3) == 0 ? all[random.Next(all.Count)].Offset : all[^1].Offset + 1;
        var lastPruned = Clock.DayOfMs(all.Max(e => e.AppendedAtMs)) - view.Definition.TileRetentionDays + random.Next(3);
        var middle = random.Next(2) == 0 ? "" : $"cust'{random.Next(customers.Count)}";
        var states = await raw.QueryAsync(ViewSql.StatesSelect(view.Definition), view.Definition, cut, lastPruned, to: middle);
        if (middle != "")
            foreach (var (customer, state) in await raw.QueryAsync(ViewSql.StatesSelect(view.Definition), view.Definition, cut, lastPruned, from: middle)) states.Add(customer, state);
        foreach (var (customer, events) in customers)
        {
            var below = events.Where(e => e.Offset < cut).ToList();
            Assert.Equal(below.Count > 0, states.ContainsKey(customer));
            AssertSame(view.Prune(Fold(view, below), lastPruned), states.GetValueOrDefault(customer) ?? new State(), view.Definition, $"{what}, {customer}");
        }
    }

    /// <summary>One customer with every tile, as for an as_of older than the tiles kept.</summary>
    private static async Task CompareOneAsync(RawTable raw, CompiledView view, Dictionary<string, List<LoggedEvent>> customers, Random random, string what)
    {
        var (customer, events) = customers.ElementAt(random.Next(customers.Count));
        var states = await raw.QueryAsync(ViewSql.CustomerSelect(view.Definition), view.Definition, long.MaxValue, int.MinValue, customer);
        var everyTile = new CompiledView(view.Definition with { TileRetentionDays = 1_000_000 });
        AssertSame(Fold(everyTile, events), Assert.Single(states).Value, view.Definition, $"{what}, only {customer}");
    }

    private static void AssertSame(State expected, State actual, ViewDefinition definition, string what)
    {
        StateCheck.ThrowUnlessCanonical(actual.Encoded);
        Assert.True(expected.Equals(actual), $"{what}\nfold {Convert.ToHexString(expected.Encoded)}\nSQL  {Convert.ToHexString(actual.Encoded)}\n{definition.Text}");
    }

    private static State Fold(CompiledView view, IEnumerable<LoggedEvent> events)
    {
        var state = new State();
        foreach (var logged in NaiveOracle.Distinct(events)) view.Fold(state, logged.ToRow());
        return state;
    }

    private static Dictionary<string, List<LoggedEvent>> Customers(Random random) => Enumerable.Range(0, CustomersPerRound).ToDictionary(
        i => $"cust'{i}", i => RandomViews.Events(random, random.Next(1, EventsMax), $"cust'{i}").ConvertAll(e => e with { Offset = e.Offset * CustomersPerRound + i }));

    /// <summary>raw_events in a database of its own, filled by the sink, asked over HTTP.</summary>
    private sealed class RawTable(ClickHouseClient client, ClickHouseWarehouse warehouse) : IDisposable
    {
        private readonly HttpClient _http = new() { BaseAddress = client.Url };

        public static async Task<RawTable> CreateAsync(LocalWarehouseFixture fixture)
        {
            var client = new ClickHouseClient(new ClickHouseOptions { Url = fixture.Url, Database = fixture.NewDatabase() });
            await new Migrator(client).ApplyAsync(default);
            return new RawTable(client, new ClickHouseWarehouse(client));
        }

        /// <summary>In two inserts, some events in both: what a sink does that crashed.</summary>
        public async Task ReplaceAsync(IEnumerable<LoggedEvent> events, Random random)
        {
            await client.ExecuteAsync("TRUNCATE TABLE raw_events");
            var frames = events.Select(FrameOf).ToList();
            await warehouse.InsertAsync([.. frames.Where((_, i) => i % 2 == 0), .. frames.Where(_ => random.Next(20) == 0)], default);
            await warehouse.InsertAsync([.. frames.Where((_, i) => i % 2 == 1), .. frames.Where(_ => random.Next(20) == 0)], default);
        }

        public async Task<Dictionary<string, State>> QueryAsync(string sql, ViewDefinition definition, long cut, int lastPrunedDay, string customer = "", string from = "", string to = "")
        {
            var url = $"/?database={client.Database}&default_format=RowBinary&param_partition={Partition}&param_cut={cut}&param_last_pruned_day={lastPrunedDay}"
                + $"&param_customer={Uri.EscapeDataString(customer)}&param_from={Uri.EscapeDataString(from)}&param_to={Uri.EscapeDataString(to)}";
            using var response = await _http.PostAsync(url, new StringContent(sql));
            var body = await response.Content.ReadAsByteArrayAsync();
            Assert.True(response.IsSuccessStatusCode, Encoding.UTF8.GetString(body) + "\n" + sql);
            return Read(body, new StateRowReader(definition, lastPrunedDay));
        }

        private static Dictionary<string, State> Read(ReadOnlySpan<byte> body, StateRowReader reader)
        {
            var states = new Dictionary<string, State>();
            while (!body.IsEmpty)
            {
                var length = (int)Varint.Read(body, out var used);
                var customer = Encoding.UTF8.GetString(body.Slice(used, length));
                body = body[(used + length)..];
                for (var cut = 0; cut < Math.Min(body.Length, 40); cut += 13) Assert.False(reader.TryRead(body[..cut], out var took, out _) && took > cut);
                Assert.True(reader.TryRead(body, out used, out var state));
                states.Add(customer, state);
                body = body[used..];
            }
            return states;
        }

        private static LogFrame FrameOf(LoggedEvent logged)
        {
            var record = new byte[Varint.MaxBytes + logged.Record.Length];
            var used = Varint.Write(record, (ulong)logged.Record.Length);
            logged.Record.CopyTo(record.AsMemory(used));
            return new LogFrame(Partition, logged.Offset, 1, logged.AppendedAtMs, record.AsMemory(0, used + logged.Record.Length));
        }

        public void Dispose()
        {
            warehouse.Dispose();
            client.Dispose();
            _http.Dispose();
        }
    }
}
