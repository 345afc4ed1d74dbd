using Akka.Actor;
using Lambda.Cluster.Actors.Messages;
using Lambda.Domain.Events;
using Lambda.Domain.Log;

namespace Lambda.Cluster.Actors.Partitions;

/// <summary>
/// Rows of persons whose members are in several partitions. The canonical member's partition writes the row, alone; what another member does is told to it, and counts as
/// written when it says that it is. Told again and again until then, by this owner or the next, so nothing is lost with a node; and since nobody waits for an answer before
/// writing rows of its own, two may tell each other.
/// </summary>
internal sealed partial class PartitionActor
{
    private readonly List<(WritePersons What, IActorRef Asker)> _asks = [];
    private readonly Dictionary<int, HashSet<CustomerId>> _toTell = [];
    private readonly HashSet<int> _telling = [];
    private long? _refusedAt;
    private bool _owesMark;

    /// <summary>Rows of other partitions are not yet written that rest on what is written or taken here.</summary>
    private bool AwaitsOthers => _toTell.Count > 0 || _telling.Count > 0;

    /// <summary>Who is to be written besides: whose person became another, who was asked for by other partitions, and the canonical members of those that changed.</summary>
    private PersonsAsked AddPersons(HashSet<CustomerId> ids)
    {
        if (_parts.Persons?.Invoke() is not { } persons) return PersonsAsked.None;
        var asked = new PersonsAsked(persons.Identities.Number, [.. _asks]);
        if (asked.Linked == 0 && _asks.Count == 0) return asked;
        _asks.Clear();
        foreach (var (what, _) in asked.Asks) ids.UnionWith(what.Customers.Select(c => new CustomerId(c)));
        ids.UnionWith(persons.Identities.ChangedAfter(_mark.Linked).Where(c => PartitionOf(c, persons.Partitions) == _partition));
        foreach (var customer in ids.ToList())
        {
            if (persons.Identities.MergedOf(customer) is not { } person || person.IsCanonical(customer)) continue;
            var partition = PartitionOf(person.Canonical, persons.Partitions);
            if (partition == _partition) ids.Add(person.Canonical);
            else if (_toTell.TryGetValue(partition, out var others)) others.Add(person.Canonical);
            else _toTell[partition] = new HashSet<CustomerId>(CustomerId.ByBytes.Comparer) { person.Canonical };
        }
        _owesMark |= AwaitsOthers;
        return asked;
    }

    /// <summary>Tells other partitions whose persons changed here, one message to each at a time.</summary>
    private void TellOthers()
    {
        if (_toTell.Count == 0 || (_refusedAt is { } at && Time.GetElapsedTime(at) < _limits.RetryPause) || _parts.Persons!() is not { } persons) return;
        _refusedAt = null;
        foreach (var (partition, customers) in _toTell.Where(t => !_telling.Contains(t.Key)).Take(TellAtATime).ToList())
        {
            _toTell.Remove(partition);
            _telling.Add(partition);
            var what = new WritePersons(partition, [.. customers.Select(c => c.Utf8.ToArray())], persons.Identities.Number);
            Background(async () => new Told(what, await persons.WriteAsync(what, _stop.Token)), _ => new Told(what, IsWritten: false)); // whoever does not answer is asked again
        }
    }

    private const int TellAtATime = 16;

    private void OnTold(Told told)
    {
        var partition = told.What.Partition;
        _telling.Remove(partition);
        if (told.IsWritten) return;
        _refusedAt = Time.GetTimestamp();
        if (!_toTell.TryGetValue(partition, out var again)) _toTell[partition] = again = new HashSet<CustomerId>(CustomerId.ByBytes.Comparer);
        again.UnionWith(told.What.Customers.Select(c => new CustomerId(c)));
    }

    private void OnAsk(WritePersons what)
    {
        if (_phase == Phase.Running && _parts.Persons?.Invoke() is not null) _asks.Add((what, Sender));
        else Sender.Tell(NotRunning());
    }

    private void AnswerAsks(bool isWritten)
    {
        foreach (var (_, asker) in _answering.Asks) asker.Tell(isWritten ? new Done(_partition) : new Refused(_partition, "the rows could not be written", Moving: true));
        _answering = PersonsAsked.None;
    }

    /// <summary>Repeats change no row: the mark is stored with the next that does, unless it was held back for another partition's sake.</summary>
    private void MoveMark(long below)
    {
        if (below == _mark.Below) return;
        _mark = _mark with { Below = below };
        if (!_owesMark || AwaitsOthers) return;
        _owesMark = false;
        var mark = _mark;
        _ = _parts.Background.Run(() => _parts.PopulationMarks.Save(_partition, mark)); // lost, rows are written again
    }

    private static int PartitionOf(CustomerId customer, int partitions) => Partitioner.PartitionOf(customer.Utf8, partitions);

    /// <param name="Linked">The identity log was known up to here when the customers were collected.</param>
    /// <param name="Asks">Who is to hear when their rows are written.</param>
    private sealed record PersonsAsked(long Linked, IReadOnlyList<(WritePersons What, IActorRef Asker)> Asks)
    {
        public static readonly PersonsAsked None = new(0, []);

        /// <summary>What somebody who asks knows of the identity log.</summary>
        public long Known => Asks.Select(a => a.What.Linked).DefaultIfEmpty(0).Max();
    }

    private sealed record Told(WritePersons What, bool IsWritten);
}
