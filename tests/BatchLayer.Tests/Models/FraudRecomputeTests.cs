using System.Runtime.CompilerServices;
using Lambda.BatchLayer.Models.Fraud;
using Lambda.BatchLayer.Models.Fraud.Acceptors;
using Lambda.BatchLayer.Ports;
using Lambda.Domain.Fraud;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Fraud.Rules;
using Lambda.Domain.Log;
using Lambda.Domain.Tests.Fraud;
using Lambda.TestKit;
using Xunit;
using static Lambda.Domain.Tests.Fraud.Happened;

namespace Lambda.BatchLayer.Tests.Models;

/// <summary>What is recomputed of a decision is what the oracle says from the raw list of what happened: the customer up to the decision's position, the acceptor up to the table's cut.</summary>
public sealed class FraudRecomputeTests : IDisposable
{
    private const int P = 2;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(7)]
    [InlineData(2)]
    public async Task Vectors_OfRandomHistories_AreTheOracles(int delay)
    {
        var compared = 0;
        for (var seed = 100; seed < 112; seed++)
        {
            var (script, random) = (FraudScript.Random(seed, 200), new Random(seed));
            var log = new Log(script);
            var at = random.Next(60, 150); // the cut, as an index of the script
            var cut = new Cut(log.Ends(at));
            var (table, _) = await new AcceptorTables(log).BuildAsync(1, cut, long.MaxValue, _ => 0, _ => null, Path.Combine(_folder.Path, "table"), Path.Combine(_folder.Path, "scratch"), default);
            var expected = new Dictionary<(int, long), Dictionary<string, float>>();
            for (var i = at; i < script.Count; i++)
            {
                if (script[i] is not Paid paid || i % 4 != 0) continue;
                var seen = random.Next(Math.Max(at, i - 3), i + 1); // other records may stand between what was seen and the decision
                log.Decide(i, log.Ends(seen)[Log.PartitionOf(paid.Transaction.Customer)], epoch: 1, delay);
                expected.Add(log.PlaceOf(i), new FraudOracle(script[..seen], paid.Transaction, delay, script[..at], script[..at].OfType<Paid>().Select(p => p.Transaction.AtMicros).DefaultIfEmpty().Max()).Features());
            }
            var file = AcceptorFile.Open(Path.Combine(_folder.Path, "table"));
            Assert.Equal(table.Hash, file.Hash);
            for (var p = 0; p < P; p++)
                await foreach (var customer in log.CustomersAsync(p, long.MaxValue, DecisionsFrom.All, default))
                    new FraudRecompute().Customer(customer.Span, epoch => epoch == 1 ? file : null, (in FraudRecord record, ReadOnlySpan<float> vector, bool hasTable) =>
                    {
                        Assert.True(hasTable);
                        Same(expected[(Log.PartitionOf(record.Customer), record.Offset)], vector, seed, record.Offset);
                        compared++;
                    });
            Assert.True(compared > 0);
        }
        Assert.True(compared > 150, $"{compared}");
    }

    private static void Same(Dictionary<string, float> expected, ReadOnlySpan<float> found, int seed, long offset)
    {
        for (var f = 0; f < found.Length; f++)
        {
            var name = FraudFeatures.All[f].Name;
            Assert.True(expected[name].Equals(found[f]), $"seed {seed}, offset {offset}, {name}: {found[f]}, the oracle says {expected[name]}");
        }
    }

    /// <summary>A script as a log: a customer's events lie in one partition, in the order of the script.</summary>
    private sealed class Log : IFraudHistory
    {
        private readonly List<(int Partition, FraudRecord Record)> _records = [];
        private readonly List<FraudTransaction> _paid = [];

        public Log(IReadOnlyList<Happened> script)
        {
            var next = new long[P];
            foreach (var it in script)
            {
                var (customer, said) = EventOf(it);
                var p = PartitionOf(customer);
                _records.Add((p, new FraudRecord(next[p], customer, said)));
                next[p] += 1 + _records.Count % 3; // offsets need not be dense
            }
        }

        public static int PartitionOf(ulong customer) => (int)(customer % P);

        public (int, long) PlaceOf(int index) => (_records[index].Partition, _records[index].Record.Offset);

        /// <summary>Behind the first so many events.</summary>
        public long[] Ends(int index) => [.. Enumerable.Range(0, P).Select(p => _records.Take(index).Where(r => r.Partition == p).Select(r => r.Record.Offset + 1).LastOrDefault())];

        public void Decide(int index, long position, long epoch, int delay) => _records[index] = (_records[index].Partition, _records[index].Record with
        {
            Decision = new Judgement(Decision.Approve, null, [], []) { StateOffset = position, AcceptorsEpoch = epoch, LabelDelayDays = delay },
        });

        public async IAsyncEnumerable<ReadOnlyMemory<FraudRecord>> CustomersAsync(int partition, long cutOffset, DecisionsFrom decisions, [EnumeratorCancellation] CancellationToken cancel)
        {
            await Task.CompletedTask;
            foreach (var customer in _records.Where(r => r.Partition == partition && r.Record.Offset < cutOffset).Select(r => r.Record).GroupBy(r => r.Customer)) yield return customer.ToArray();
        }

        public Task<IReadOnlySet<(ulong Customer, ulong Transaction)>> TakenBackAsync(int partition, long cutOffset, CancellationToken cancel) =>
            Task.FromResult<IReadOnlySet<(ulong, ulong)>>(new HashSet<(ulong, ulong)>());

        public Task<long?> NewestTransactionAsync(Cut cut, CancellationToken cancel) =>
            Task.FromResult(_records.Where(r => r.Record.Offset < cut[r.Partition] && r.Record.Event.Kind == FraudEventKind.Transaction).Select(r => (long?)r.Record.Event.AtMicros).Max());

        private (ulong Customer, FraudEvent Event) EventOf(Happened it)
        {
            switch (it)
            {
                case Paid paid:
                    _paid.Add(paid.Transaction);
                    return (paid.Transaction.Customer, FraudEvent.Paid(paid.Transaction));
                case Known known: return (_paid[known.Payment].Customer, FraudEvent.Labelled(_paid[known.Payment].Id, 0));
                case LoginFailed login: return (login.Customer, new FraudEvent(FraudEventKind.FailedLogin, login.At));
                case CredentialChanged change: return (change.Customer, new FraudEvent(FraudEventKind.CredentialChange, change.At));
                case AddressChanged change: return (change.Customer, new FraudEvent(FraudEventKind.AddressChange, change.At));
                case ProfileTold told: return (told.Customer, new FraudEvent(FraudEventKind.Profile, told.At) { Email = told.Email, City = told.City });
                default: throw new InvalidOperationException($"{it}");
            }
        }
    }
}
