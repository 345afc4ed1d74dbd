using System.Diagnostics;
using System.Globalization;
using Lambda.BatchLayer.Ports;
using Lambda.Cluster.Bench.Data;
using Lambda.Cluster.Bench.Limits;
using Lambda.Cluster.Embedded;
using Lambda.Cluster.Options;
using Lambda.Domain.Events;
using Lambda.Domain.Views;
using Lambda.Warehouse.Client;

namespace Lambda.Cluster.Bench.Rows;

/// <summary>The recompute that a definition compiles to, beside the SQL that one would write by hand for this one view.</summary>
internal sealed class RecomputeBench : IBench
{
    private const int Partitions = 4;
    private const int EventsPerChunk = 200_000;
    private const long Epoch = 1;

    public string Name => "recompute";

    public string What => "10 M events to 1 M customers in ClickHouse: compiled SQL against hand-written SQL";

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        await using var house = await WarehouseConnection.OpenAsync(new LambdaOptions(), context.NewFolder("recompute"), (where, e) => context.Say($"  {where}: {e.Message}"), cancel);
        var work = new Work(context, house, new CompiledView(BenchView.Load()));
        await work.FillAsync(cancel);
        var (compiled, byHand, plain) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < Math.Min(2, context.Rounds); round++)
        {
            compiled.Add(await work.CompiledAsync(cancel));
            byHand.Add(await work.ByHandAsync(cancel));
            plain.Add(await work.PlainAsync(cancel));
        }
        var isRight = await work.IsRightAsync(cancel);
        var (seconds, limit, group) = (Stats.Median(compiled), Stats.Median(byHand), Stats.Median(plain));
        return
        [
            new BenchRow("recompute", seconds / limit, "× by hand", 1.5, null, isRight, Better.Lower,
                string.Create(CultureInfo.InvariantCulture, $"{work.Events:#,0} events to {work.Customers:#,0} customers; a plain GROUP BY with count and sum takes {group:0.00} s")),
            new BenchRow("recompute.time", seconds, "s", null, limit, isRight, Better.Lower, "all partitions as a run does them; limit: the hand-written SQL with all cores"),
        ];
    }

    private sealed class Work(BenchContext context, WarehouseConnection house, CompiledView view)
    {
        private static readonly string HandWritten = Fill(Resource("RecomputeByHand.sql"));

        private readonly Frames _frames = new(Partitions);
        private Tally _tally = null!;

        public long Events => _tally.Events;
        public int Customers => _tally.Customers;

        private IWarehouse Warehouse => house.Warehouse;

        public async Task FillAsync(CancellationToken cancel)
        {
            var (events, customers) = (context.Scaled(10_000_000, 2_000), context.Scaled(1_000_000, 200));
            var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
            var stream = new EventStream(17, customers, events, days: 120, now * Clock.MicrosPerMs);
            _tally = stream.Tally;
            for (long left = events; left > 0; left -= EventsPerChunk)
            {
                var batches = EventBatches.Records(stream, Math.Min(left, EventsPerChunk), 50_000, Partitions);
                await Warehouse.InsertAsync(_frames.Next(batches, now), cancel);
            }
            // Merges of the parts just inserted would run beside whatever is measured first.
            for (var waits = 0; waits < 600 && await NumberAsync("SELECT toInt64(count()) FROM system.merges", cancel) > 0; waits++) await Task.Delay(100, cancel);
        }

        public async Task<double> CompiledAsync(CancellationToken cancel)
        {
            var begin = Stopwatch.GetTimestamp();
            for (var p = 0; p < Partitions; p++) await Warehouse.ComputeAsync(view, Epoch, p, _frames.End[p], int.MinValue, cancel);
            return Stopwatch.GetElapsedTime(begin).TotalSeconds;
        }

        public async Task<double> ByHandAsync(CancellationToken cancel)
        {
            await house.Client.ExecuteAsync("DROP TABLE IF EXISTS recompute_by_hand", cancel: cancel);
            var begin = Stopwatch.GetTimestamp();
            await house.Client.ExecuteAsync(HandWritten, cancel: cancel);
            return Stopwatch.GetElapsedTime(begin).TotalSeconds;
        }

        public async Task<double> PlainAsync(CancellationToken cancel)
        {
            var begin = Stopwatch.GetTimestamp();
            await NumberAsync("SELECT toInt64(sum(n) + sum(s)) FROM (SELECT customer_id, count() AS n, sum(billing_amount_minor) AS s FROM raw_events GROUP BY customer_id)", cancel);
            return Stopwatch.GetElapsedTime(begin).TotalSeconds;
        }

        /// <summary>Both give every customer, the purchases, the days and the money that were generated, and each customer of both the same spend.</summary>
        public async Task<bool> IsRightAsync(CancellationToken cancel)
        {
            var (spend, purchases, days) = (view.Definition.Outputs.First(o => o.Name == "spend"), view.Definition.Outputs.First(o => o.Name == "purchases"), view.Definition.Outputs.First(o => o.Name == "active_days"));
            var today = Clock.DayOfMs(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
            long customers = 0, wrong = 0, bought = 0, active = 0;
            for (var p = 0; p < Partitions; p++)
            {
                await foreach (var (customer, state) in Warehouse.ReadComputedAsync(view, Epoch, p, cancel))
                {
                    var answer = view.Finish(state, null, null, today);
                    customers++;
                    bought += (long)answer.Scalars[purchases.Index].Number;
                    active += (long)answer.Scalars[days.Index].Number;
                    var number = int.Parse(customer.ToString().AsSpan(1), CultureInfo.InvariantCulture);
                    if ((answer.Scalars[spend.Index].IsNull ? 0 : (long)answer.Scalars[spend.Index].Number) != context.Expected(_tally.SpendOf(number))) wrong++;
                }
            }
            var byHand = await house.Client.ListAsync("SELECT count(), sum(toInt64(spend)), sum(purchases), sum(length(active_days)), sum(length(purchase_days)) FROM recompute_by_hand",
                (ref RowBinaryReader row) => (Customers: (long)row.UInt64(), Spend: row.Int64(), Purchases: (long)row.UInt64(), Days: (long)row.UInt64(), Listed: (long)row.UInt64()), cancel: cancel);
            var isRight = wrong == 0 && customers == _tally.Customers && byHand[0] == (customers, (long)_tally.SpendMinor, bought, active, bought);
            if (!isRight) context.Say($"  {wrong} customers with another spend than generated; compiled ({customers}, {_tally.SpendMinor}, {bought}, {active}), by hand {byHand[0]}");
            return isRight;
        }

        private async Task<long> NumberAsync(string sql, CancellationToken cancel) =>
            (await house.Client.ListAsync(sql, (ref RowBinaryReader row) => row.Int64(), cancel: cancel))[0];

        private static string Resource(string name)
        {
            using var text = new StreamReader(typeof(RecomputeBench).Assembly.GetManifestResourceStream(name)!);
            return text.ReadToEnd();
        }

        /// <summary>Bits of `present` by field name: ordinals stand in the catalogue only.</summary>
        private static string Fill(string sql) => EventCatalog.Fields.Aggregate(sql, (text, field) => text.Replace($"{{{field.Name}}}", field.Ordinal.ToString(CultureInfo.InvariantCulture)));
    }
}
