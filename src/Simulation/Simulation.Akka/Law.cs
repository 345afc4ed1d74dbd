using System.Globalization;
using Lambda.Cluster.Actors.Messages;
using Lambda.Cluster.Actors.Partitions;
using Lambda.Domain.Events;
using Lambda.Domain.Views;
using Lambda.Simulation.Actors.Ground;
using Lambda.Simulation.Actors.Machine;
using Lambda.Simulation.Actors.Nodes;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Simulation.Actors;

/// <summary>What must hold of every answer and every row, whoever gives it. The first breach is told to the installation.</summary>
internal sealed class Law(Loop loop, Installation ground, Network network)
{
    /// <summary>An owner is silent after 2 s; it looks at its log every quarter of a second.</summary>
    private const long StaleMsMax = 2_000 + 300;

    private const int ErrorsKept = 8;

    /// <summary>What one meets who acts, or is told, by a run actor that is it no more.</summary>
    private static readonly string[] OfTheStale = ["the run compares with", "it has not heard yet", "was not computed"];

    private readonly Dictionary<(string Customer, long Epoch, long Applied), Expectations> _expected = [];

    private readonly Queue<string> _errors = new();

    /// <summary>What failed last, wanted or not.</summary>
    public IEnumerable<string> Errors => _errors;

    public long Reads { get; private set; }

    public long Refusals { get; private set; }

    /// <summary>What the last one said.</summary>
    public string? LastRefusal { get; private set; }

    public long Rows { get; private set; }

    /// <param name="atLeast">Offset that had to be in the answer; -1 for none.</param>
    public void Check(CustomerId customer, int partition, ReadPart part, long atLeast, int asOfDay)
    {
        if (part.Outcome is PartOutcome.Unavailable or PartOutcome.NotReached)
        {
            Refusals++;
            LastRefusal = part.Reason;
            return;
        }
        if (part.Outcome == PartOutcome.Stopped)
        {
            Break(customer, part, part.Reason!);
            return;
        }
        Reads++;
        if (part.Applied <= atLeast) Break(customer, part, $"it had to contain {atLeast}");
        CheckOwner(customer, partition, part);
        CheckFreshness(customer, partition, part);
        CheckAnswer(customer, partition, part, asOfDay);
    }

    /// <summary>A question that was asked after somebody got the lease is answered by nobody who had it before.</summary>
    private void CheckOwner(CustomerId customer, int partition, ReadPart part)
    {
        if (network.Answered(part) is not { } answerer) return; // nobody was asked
        var owner = ground.Grants[partition].LastOrDefault(g => g.AtMs < answerer.AskedAtMs);
        var answering = ground.Grants[partition].LastOrDefault(g => g.Owner == answerer.Node);
        if (owner is not null && (answering?.Generation ?? 0) < owner.Generation)
            Break(customer, part, $"{answerer.Node} answered, which lost the partition to {owner.Owner} at {owner.AtMs} before it was asked at {answerer.AskedAtMs}");
    }

    /// <summary>What the answer says of its age is true, but for the time after which an owner says nothing at all.</summary>
    private void CheckFreshness(CustomerId customer, int partition, ReadPart part)
    {
        if (network.Answered(part) is not { } answerer || part.Applied < ground.Log.StartOffset(partition)) return;
        if (ground.Log.Read(partition, part.Applied, 1) is not [var frame, ..]) return;
        var age = answerer.AskedAtMs - frame.AppendedAtMs;
        if (age > part.FreshnessMs + StaleMsMax) Break(customer, part, $"record {part.Applied} was {age} ms old when it was asked, and is not in it; it says {part.FreshnessMs} ms");
    }

    private void CheckAnswer(CustomerId customer, int partition, ReadPart part, int asOfDay)
    {
        var view = ground.Views.ByHash(part.Definition);
        if (!view.TilesCover(asOfDay, Clock.DayOfMs(part.LastAppendedAtMs))) return;
        Answer? answer = null;
        string? overflow = null;
        try
        {
            if (part.Outcome == PartOutcome.Found) answer = view.Finish(part.Batch ?? [], Decode(part.Closed), Decode(part.Open), asOfDay);
        }
        catch (MetricOverflowException e)
        {
            overflow = e.Metric;
        }
        if (Expected(customer, partition, part.Epoch, part.Applied) is var expected && expected.For(asOfDay).Matches(answer, overflow) is { } difference)
            Break(customer, part, $"{difference}; counting {Told(expected)}");
    }

    /// <summary>A row says what the oracle says at its stamp.</summary>
    public void Check(string node, PopulationRow row)
    {
        Rows++;
        var all = Expected(row.Customer, row.Partition, row.Epoch, row.Applied);
        var expected = all.For(row.Answer.AsOfDay);
        if (expected.Matches(row.IsGone ? null : row.Answer, null) is { } difference && !expected.Overflows)
            ground.Break($"{loop.NowMs} {node}: the row of {row.Customer} at {row.Partition}:{row.Applied}, epoch {row.Epoch}: {difference}; counting {Told(all)}");
    }

    /// <summary>What must be said of a customer at an epoch and a position.</summary>
    public Expectations Expected(CustomerId customer, int partition, long epoch, long applied)
    {
        var key = (customer.ToString(), epoch, applied);
        if (_expected.TryGetValue(key, out var known)) return known;
        if (_expected.Count > 5_000) _expected.Clear();
        var publication = ground.PublicationOf(epoch);
        var counting = ground.Mirror.Counting(key.Item1, publication.Cut[partition], applied, ground.HorizonMs);
        return _expected[key] = new Expectations((epoch, applied), ground.Views.ByHash(publication.DefinitionHash).Definition, counting);
    }

    /// <summary>A partition stops for nothing but another owner, and nothing else fails but what was made to fail.</summary>
    public void CheckError(string node, string where, Exception why)
    {
        var wanted = where.StartsWith("partition ", StringComparison.Ordinal) && !where.Contains(':')
            ? why is FencedException or LeaseLostException
            : why is SimulatedFault or SimulatedCrash or FencedException or LeaseLostException or TimeoutException or OperationCanceledException
                || why.Message.Contains(nameof(SimulatedFault), StringComparison.Ordinal) || Array.Exists(OfTheStale, word => why.Message.Contains(word, StringComparison.Ordinal));
        _errors.Enqueue(string.Create(CultureInfo.InvariantCulture, $"{loop.NowMs} {node}: {where}: {why.GetType().Name}: {why.Message}"));
        if (_errors.Count > ErrorsKept) _errors.Dequeue();
        if (!wanted) ground.Break($"{node}: {where}: {why}");
    }

    private void Break(CustomerId customer, ReadPart part, string how) => ground.Break(
        $"{loop.NowMs}: customer {customer} at {part.Applied}, epoch {part.Epoch}, under {part.Definition[..Math.Min(8, part.Definition.Length)]}, answered by {network.Answered(part)?.Node}: {how}");

    private static string Told(Expectations expected) => string.Join(' ', expected.Counting.Select(e => $"{e.Offset}={e.EventId}"));

    private static State? Decode(byte[]? delta) => delta is null ? null : State.Decode(delta);
}
