using System.Globalization;
using Lambda.BatchLayer.Models.Fraud;
using Lambda.BatchLayer.Ports;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Fraud.Rules;
using Lambda.Serving.Ports;
using Lambda.Warehouse.Client;

namespace Lambda.Cluster.Fraud;

/// <summary>Rules over recorded decisions: one pass over all raw events that the warehouse has, customer by customer, so that each decision meets the memory it was made with.</summary>
/// <param name="sunk">By partition, the offset below which the warehouse has everything.</param>
/// <param name="kept">Rules by hash.</param>
internal sealed class RecordedBacktest(IFraudHistory history, int partitions, Func<int, long> sunk, Func<string, RuleSet?> kept, Func<FraudPolicy> policy) : IRuleBacktest
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);

    private int _running;

    public async Task<RuleTrialReport> RunAsync(RuleSet rules, long fromMicros, long toMicros, CancellationToken cancel)
    {
        if (Interlocked.Exchange(ref _running, 1) != 0) throw new EngineUnavailableException("a backtest of rules is running on this node: it reads all raw events, so one at a time", RetryAfter);
        try
        {
            var pass = new Pass(new RuleTrial(rules, kept, policy()));
            var decisions = DecisionsFrom.All with { DecidedFromMicros = fromMicros, DecidedToMicros = toMicros };
            for (var p = 0; p < partitions; p++)
            {
                var below = sunk(p);
                var takenBack = await history.TakenBackAsync(p, below, cancel);
                await foreach (var customer in history.CustomersAsync(p, below, decisions, cancel)) pass.Customer(p, customer.Span, takenBack);
            }
            return pass.Trial.Report();
        }
        catch (ClickHouseException e) when (e.Fault == Fault.Transient)
        {
            throw new EngineUnavailableException($"the warehouse does not answer: {e.Message}", RetryAfter);
        }
        finally
        {
            Volatile.Write(ref _running, 0);
        }
    }

    private sealed class Pass(RuleTrial trial)
    {
        private readonly FraudRecompute _recompute = new();
        private readonly EventParser _parser = new() { IsOfLog = true };
        private readonly EventRow _row = new();
        private readonly HashSet<ulong> _frauds = [];

        public RuleTrial Trial => trial;

        /// <param name="records">All distinct ones of a customer, in the order of the log.</param>
        /// <param name="takenBack">Transactions that are no fraud after all, by customer.</param>
        public void Customer(int partition, ReadOnlySpan<FraudRecord> records, IReadOnlySet<(ulong, ulong)> takenBack)
        {
            var decided = 0;
            _frauds.Clear();
            foreach (ref readonly var record in records)
            {
                if (record.Event.Kind == FraudEventKind.Label && !takenBack.Contains((record.Customer, record.Event.Of))) _frauds.Add(record.Event.Of);
                if (record.Decision is not null) decided++;
                else if (!record.Body.IsEmpty) trial.Unreadable++;
            }
            if (decided > 0) _recompute.Customer(records, (in FraudRecord record, CustomerFraudMemory memory) => Try(partition, record, memory));
        }

        private void Try(int partition, in FraudRecord record, CustomerFraudMemory memory)
        {
            if (!_parser.TryParse(AuthorizationRecord.RequestOf(record.Body.Span), long.MaxValue - EventParser.MaxAheadMicros, out var request, out _))
            {
                trial.Unreadable++; // of a version with other words for its fields
                return;
            }
            RecordCodec.Read(request.ToArray(), _row);
            trial.Take(_row, memory, record.Decision!, _frauds.Contains(record.Event.Transaction.Id), string.Create(CultureInfo.InvariantCulture, $"{partition}:{record.Offset}"));
        }
    }
}
