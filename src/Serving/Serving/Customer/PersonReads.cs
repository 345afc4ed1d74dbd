using Lambda.Domain.Events;
using Lambda.Domain.Identity;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Identity;

namespace Lambda.Serving.Customer;

/// <summary>
/// Reads by any id of a person: finish(Merge of its members' states, as_of). Who was never merged is read as if there were no persons. Members are of several
/// partitions, so a person's position is a vector, and while a new definition is being taken over there may be no moment when all have the same one.
/// </summary>
public sealed class PersonReads(IMemberReads members, Identities identities, TimeProvider time) : ICustomerReads
{
    private static readonly TimeSpan OneDefinitionWait = TimeSpan.FromSeconds(1), OneDefinitionPoll = TimeSpan.FromMilliseconds(20), RetryAfter = TimeSpan.FromSeconds(1);

    public int PartitionOf(CustomerId customer) => members.PartitionOf(customer);

    public ValueTask<CustomerRead> ReadAsync(CustomerId customer, int? asOfDay, IReadOnlyList<Position>? atLeast, TimeSpan wait, CancellationToken cancel) =>
        identities.MergedOf(customer) is { } person ? new(ReadAsync(person, asOfDay, atLeast, wait, cancel)) : members.ReadAsync(customer, asOfDay, atLeast, wait, cancel);

    public async ValueTask<IReadOnlyList<CustomerRead>> ReadManyAsync(IReadOnlyList<CustomerId> customers, int? asOfDay, CancellationToken cancel)
    {
        var persons = customers.Select(identities.MergedOf).ToArray();
        if (persons.All(p => p is null)) return await members.ReadManyAsync(customers, asOfDay, cancel);
        int[] single = [.. Enumerable.Range(0, persons.Length).Where(i => persons[i] is null)];
        var reads = new CustomerRead[customers.Count];
        var alone = await members.ReadManyAsync([.. single.Select(i => customers[i])], asOfDay, cancel);
        for (var i = 0; i < single.Length; i++) reads[single[i]] = alone[i];
        for (var i = 0; i < reads.Length; i++)
            if (persons[i] is { } person) reads[i] = await ReadAsync(person, asOfDay, null, TimeSpan.Zero, cancel);
        return reads;
    }

    /// <summary>Every member's newest events before the cursor, of which the newest are the person's.</summary>
    public async ValueTask<IReadOnlyList<CustomerEventRow>> EventsAsync(CustomerId customer, EventCursor? before, int limit, CancellationToken cancel)
    {
        if (identities.MergedOf(customer) is not { } person) return await members.EventsAsync(customer, before, limit, cancel);
        var pages = await Task.WhenAll(person.Members.Select(async member =>
        {
            var page = await members.EventsAsync(member, Before(before, PartitionOf(member)), limit, cancel);
            return page.Select(e => e with { Member = member });
        }));
        return [.. pages.SelectMany(p => p).OrderByDescending(e => (e.OccurredAtMicros, e.Offset, e.Partition)).Take(limit)];
    }

    public async ValueTask<CustomerParts?> PartsAsync(CustomerId customer, CancellationToken cancel)
    {
        if (identities.MergedOf(customer) is not { } person) return await members.PartsAsync(customer, cancel);
        var parts = await OneDefinitionAsync(m => members.PartsAsync(m, cancel).AsTask(), person, p => p?.View, cancel)
            ?? throw new EngineUnavailableException(DefinitionsDiffer(person), RetryAfter);
        CustomerParts[] known = [.. parts.OfType<CustomerParts>()];
        if (known.Length == 0) return null;
        var positions = person.Members.Zip(parts).Where(p => p.Second is not null).Select(p => new MemberPosition(p.First, p.Second!.Epoch, p.Second.Partition, p.Second.Applied, p.Second.Cut));
        return known[0] with
        {
            Batch = State.MergeAll(known.Select(p => p.Batch)), Closed = State.MergeAll(known.Select(p => p.Closed)), Open = State.MergeAll(known.Select(p => p.Open)),
            Person = new PersonRead([.. positions], person.Number),
        };
    }

    /// <summary>The person's merged state with where each member stood; or why there is none.</summary>
    /// <returns>Null state when nobody of them is known.</returns>
    public async Task<(CustomerRead? Instead, IReadOnlyList<MemberRead> Members, State? Merged)> StateAsync(
        Person person, int? asOfDay, IReadOnlyList<Position>? atLeast, TimeSpan wait, CancellationToken cancel)
    {
        var reads = await OneDefinitionAsync(m => members.StateAsync(m, asOfDay, atLeast, wait, cancel).AsTask(), person, r => r.IsKnown ? r.View : null, cancel);
        if (reads is null) return (new CustomerRead.Unavailable(DefinitionsDiffer(person), RetryAfter), [], null);
        return reads.FirstOrDefault(r => r.Instead is not null) is { } not ? (not.Instead, reads, null) : (null, reads, State.MergeAll(reads.Select(r => r.State)));
    }

    private async Task<CustomerRead> ReadAsync(Person person, int? asOfDay, IReadOnlyList<Position>? atLeast, TimeSpan wait, CancellationToken cancel)
    {
        var day = asOfDay ?? Clock.DayOfMs(time.GetUtcNow().ToUnixTimeMilliseconds());
        var (instead, reads, merged) = await StateAsync(person, day, atLeast, wait, cancel);
        if (instead is not null) return instead;
        if (merged is null) return new CustomerRead.Unknown();
        try
        {
            var answer = reads.First(r => r.IsKnown).View!.Finish(merged, null, null, day);
            return new CustomerRead.Found(answer, reads[0].Epoch, reads[0].Partition, reads[0].Applied, reads.Max(r => r.FreshnessMs), SourceOf(reads))
            {
                Person = new PersonRead([.. person.Members.Zip(reads, (m, r) => new MemberPosition(m, r.Epoch, r.Partition, r.Applied))], person.Number),
            };
        }
        catch (MetricOverflowException e)
        {
            return new CustomerRead.Overflow(e.Metric);
        }
    }

    /// <returns>Null when the members went on having different definitions: partitions take over a new one within moments, unless one cannot be reached.</returns>
    private async Task<T[]?> OneDefinitionAsync<T>(Func<CustomerId, Task<T>> read, Person person, Func<T, CompiledView?> viewOf, CancellationToken cancel)
    {
        for (var since = time.GetTimestamp(); ;)
        {
            var reads = await Task.WhenAll(person.Members.Select(read));
            if (reads.Select(viewOf).OfType<CompiledView>().DistinctBy(v => v.Definition.Hash).Count() <= 1) return reads;
            if (time.GetElapsedTime(since) > OneDefinitionWait) return null;
            await Task.Delay(OneDefinitionPoll, time, cancel);
        }
    }

    private static string DefinitionsDiffer(Person person) => $"the members of {person.Canonical} are in partitions that have not all taken over the new definition yet";

    /// <summary>As a member sees the place of another partition's event: its own at the same time and offset come before it or behind it by partition.</summary>
    private static EventCursor? Before(EventCursor? before, int partition) =>
        before is { Partition: { } of } cursor && partition < of ? new EventCursor(cursor.OccurredAtMicros, cursor.Offset + 1) : before;

    private static ReadSource SourceOf(IReadOnlyList<MemberRead> reads)
    {
        ReadSource[] sources = [.. reads.Where(r => r.IsKnown).Select(r => r.Source).Distinct()];
        return sources is [var only] ? only : sources.Contains(ReadSource.Raw) ? ReadSource.Raw : ReadSource.Merged;
    }
}
