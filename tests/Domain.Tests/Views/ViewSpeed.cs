using Lambda.Domain.Yaml;
using Lambda.Domain.Events;
using Lambda.Domain.Tests.Definitions;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Generation;
using Xunit;
using Xunit.Abstractions;

namespace Lambda.Domain.Tests.Views;

/// <summary>Prints what fold, finish and states of views/customer360.yaml cost on this machine; asserts nothing about it, because test machines are busy.</summary>
public sealed class ViewSpeed(ITestOutputHelper output)
{
    private const int Customers = 5_000, EventCount = 50_000;

    private readonly CompiledView _view = new(DefinitionLoader.Load("customer360.yaml", Repository.Read("views/customer360.yaml")));

    [Theory]
    [InlineData(5)]
    [InlineData(90)]
    public void FoldAndFinish_OfCustomer360_Measure(int days)
    {
        var rows = Generate(days);
        var states = new Dictionary<string, State>();
        foreach (var row in rows) _view.Fold(Of(states, row), row);
        output.WriteLine($"{_view.Definition.Metrics.Count} metrics, {_view.Definition.Outputs.Count} outputs; {EventCount} events of {states.Count} customers in {days} days");
        output.WriteLine($"state     {states.Values.Average(s => s.Encoded.Length):F0} bytes encoded, {states.Values.Average(s => s.ApproximateBytes):F0} held");
        var line = System.Text.Encoding.UTF8.GetBytes(Tests.Events.ParserSpeed.Typical);
        WarmUp(Walk);
        output.WriteLine($"json      {Ns(20_000, Walk):F0} ns to walk one event's JSON: the machine's measure, about 300 when idle");
        MeasureFold(rows, rows.Where(r => r.Type == EventCatalog.Transaction).ToList());
        MeasureFinish(rows, Clock.DayOf(rows.Max(r => r.OccurredAtMicros)));

        void Walk(int _)
        {
            var reader = new System.Text.Json.Utf8JsonReader(line);
            while (reader.Read()) { }
        }
    }

    /// <summary>The compiler optimises in the background, a tenth of a second after the last new method: what runs first would be measured without.</summary>
    private static void WarmUp(Action<int> work)
    {
        for (var until = Environment.TickCount64 + 500; Environment.TickCount64 < until;) work(0);
    }

    private void MeasureFold(List<EventRow> rows, List<EventRow> transactions)
    {
        var warm = new Dictionary<string, State>();
        foreach (var row in rows) _view.Fold(Of(warm, row), row);
        var states = new Dictionary<string, State>();
        var perState = transactions.Select(r => (Row: r, State: Of(states, r))).ToList();
        output.WriteLine($"fold      {Ns(perState.Count, i => _view.Fold(perState[i].State, perState[i].Row), rounds: 1):F0} ns per transaction, from empty states");
        var full = transactions.Select(r => (Row: r, State: Of(warm, r))).ToList();
        output.WriteLine($"fold      {Ns(full.Count, i => _view.Fold(full[i].State, full[i].Row)):F0} ns per transaction, into full states");
    }

    private void MeasureFinish(List<EventRow> rows, int asOfDay)
    {
        Dictionary<string, State>[] parts = [[], [], []];
        for (var i = 0; i < rows.Count; i++) _view.Fold(Of(parts[i < rows.Count * 8 / 10 ? 0 : i < rows.Count * 9 / 10 ? 1 : 2], rows[i]), rows[i]);
        var customers = parts[0].Select(p => (Base: p.Value, Closed: parts[1].GetValueOrDefault(p.Key), Open: parts[2].GetValueOrDefault(p.Key))).ToList();
        _view.Finish(customers[0].Base.Encoded, customers[0].Closed, customers[0].Open, asOfDay); // makes this thread's scratch memory
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        _view.Finish(customers[0].Base.Encoded, customers[0].Closed, customers[0].Open, asOfDay);
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        output.WriteLine($"finish    {Ns(customers.Count, i => _view.Finish(customers[i].Base.Encoded, customers[i].Closed, customers[i].Open, asOfDay)):F0} ns of three parts, {allocated} bytes allocated");
        output.WriteLine($"merge     {Ns(customers.Count, i => State.Merge(customers[i].Base, customers[i].Closed ?? customers[i].Base)):F0} ns");
        output.WriteLine($"decode    {Ns(customers.Count, i => State.Decode(customers[i].Base.Encoded)):F0} ns");
    }

    private static List<EventRow> Generate(int days)
    {
        var generator = new EventGenerator(new GeneratorOptions { Seed = 1, Customers = Customers, Events = EventCount, Days = days, EndMicros = 20_600 * Clock.MicrosPerDay });
        var rows = new List<EventRow>();
        while (generator.MoveNext())
        {
            var row = new EventRow { Offset = rows.Count };
            RecordCodec.Read(generator.Record.ToArray(), row);
            row.AppendedAtMs = row.OccurredAtMicros / Clock.MicrosPerMs;
            rows.Add(row);
        }
        return rows;
    }

    private static State Of(Dictionary<string, State> states, EventRow row)
    {
        var id = System.Text.Encoding.UTF8.GetString(row.CustomerId);
        return states.TryGetValue(id, out var state) ? state : states[id] = new State();
    }

    private static double Ns(int count, Action<int> action, int rounds = 5)
    {
        var best = double.MaxValue;
        for (var round = 0; round < rounds; round++) // the first rounds compile
        {
            var start = Environment.CpuUsage.TotalTime; // of the process: what others do on the machine does not count
            for (var i = 0; i < count; i++) action(i);
            best = Math.Min(best, (Environment.CpuUsage.TotalTime - start).TotalNanoseconds / count);
        }
        return best;
    }
}
