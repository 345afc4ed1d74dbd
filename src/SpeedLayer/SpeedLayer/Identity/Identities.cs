using System.Collections.Concurrent;
using Lambda.Domain.Events;
using Lambda.Domain.Identity;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Identity;

/// <summary>
/// Who is one person with whom, as far as this process has read the identity log. Asked for every read, so that who was never merged costs a look at a counter, or
/// one at a dictionary. Thread-safe.
/// </summary>
public sealed class Identities(IIdentityLog log)
{
    private const int PageRecords = 1_000;

    private readonly Lock _gate = new();
    private readonly IdentityState _state = new();
    private readonly ConcurrentDictionary<CustomerId, Person> _persons = new(CustomerId.ByBytes.Comparer);
    private readonly List<(long Number, CustomerId Customer)> _changed = [];
    private long _number, _forgottenAt;
    private volatile bool _any;

    /// <summary>Records up to this number are known here.</summary>
    public long Number => Volatile.Read(ref _number);

    /// <summary>The person that a customer is or was part of; null for who was never merged. What it says of its members is of one moment.</summary>
    public Person? Of(CustomerId customer) => _any && _persons.TryGetValue(customer, out var person) ? person : null;

    /// <summary>The same when it has several members.</summary>
    public Person? MergedOf(CustomerId customer) => Of(customer) is { IsMerged: true } person ? person : null;

    /// <summary>The person with the number of its moment, for what is ordered by it: see <see cref="IdentityState.NumberOf"/>.</summary>
    public (Person? Person, long Number) Look(CustomerId customer)
    {
        var forgottenAt = Volatile.Read(ref _forgottenAt); // first: a number must never be newer than the members that it is given with
        var person = Of(customer);
        return (person, Math.Max(forgottenAt, person?.Number ?? 0));
    }

    /// <summary>Whose person records behind this number changed, some named twice, as far as the log is known here.</summary>
    public IReadOnlyList<CustomerId> ChangedAfter(long number)
    {
        if (Number <= number) return [];
        lock (_gate)
        {
            var from = _changed.Count;
            while (from > 0 && _changed[from - 1].Number > number) from--;
            return [.. _changed.Skip(from).Select(c => c.Customer)];
        }
    }

    /// <summary>Reads on to the end of the log, as it is when this is called.</summary>
    public void CatchUp()
    {
        lock (_gate) ReadOn();
    }

    /// <summary>Asks what is to be done of the newest state, and appends it if it is something.</summary>
    /// <param name="record">What of the decision is to be appended; null for nothing.</param>
    public T Append<T>(Func<IdentityState, T> decide, Func<T, IdentityRecord?> record)
    {
        lock (_gate)
        {
            while (true)
            {
                ReadOn();
                var decision = decide(_state);
                if (record(decision) is not { } append) return decision;
                if (!log.TryAppend(_state.Number, append)) continue; // somebody was quicker: what he did may change the decision
                Apply(new NumberedRecord(_state.Number + 1, append));
                return decision;
            }
        }
    }

    /// <summary>Asks the newest state.</summary>
    public T Ask<T>(Func<IdentityState, T> question)
    {
        lock (_gate)
        {
            ReadOn();
            return question(_state);
        }
    }

    /// <summary>Cuts the links that named a customer when it was erased; links of whoever has had its id since stay.</summary>
    /// <param name="erased">Of the erasure; null for every link.</param>
    /// <returns>Links cut now.</returns>
    public long ForgetLinksOf(CustomerId customer, Position? erased, long nowMs)
    {
        var links = Ask(s => s.LinksOf(customer).Select(l => l.Link!).Where(l => erased is not { } at || (l.Into.Equals(customer) ? l.IntoAt : l.CustomerAt).Offset <= at.Offset).ToList());
        return links.Count(link => Forget(link.Id, nowMs));
    }

    public bool Forget(Guid link, long nowMs) => Append(s => s.LinkOf(link)?.Link is not null, known => known ? new IdentityRecord.Forgotten(link, nowMs) : null);

    /// <summary>Takes what is told of forgotten links out of the log, also where an earlier call was cut short.</summary>
    /// <returns>Records made blank now.</returns>
    public long BlankForgotten()
    {
        var forgotten = Ask(s => s.Forgotten.ToList());
        var blanked = log.Blank(forgotten);
        lock (_gate) _state.Forgotten.ExceptWith(forgotten);
        return blanked;
    }

    private void ReadOn()
    {
        for (var more = true; more;)
        {
            var records = log.After(_state.Number, PageRecords);
            foreach (var record in records) Apply(record);
            more = records.Count == PageRecords;
        }
    }

    private void Apply(NumberedRecord record)
    {
        foreach (var person in _state.Apply(record))
            foreach (var member in person.Members)
            {
                _persons[member] = person;
                _changed.Add((record.Number, member));
            }
        _any = !_persons.IsEmpty;
        Volatile.Write(ref _forgottenAt, _state.ForgottenAt);
        Volatile.Write(ref _number, record.Number); // last: who sees the number sees the persons
    }
}
