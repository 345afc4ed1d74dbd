using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;

namespace Lambda.Serving.Ports;

/// <summary>Reads of customers by their own ids, whoever they are merged with.</summary>
public interface IMemberReads : ICustomerReads
{
    /// <summary>The customer's mergeable state that answers for a day. Parameters as for a read.</summary>
    ValueTask<MemberRead> StateAsync(CustomerId customer, int? asOfDay, IReadOnlyList<Position>? atLeast, TimeSpan wait, CancellationToken cancel);
}

/// <param name="Instead">Why there is no state: not reached, or unavailable. Null: the rest is there.</param>
/// <param name="State">base ⊕ closed ⊕ open; null for who is unknown.</param>
public sealed record MemberRead(CustomerRead? Instead, CompiledView? View, State? State, long Epoch, int Partition, long Applied, long FreshnessMs, ReadSource Source)
{
    public static MemberRead Not(CustomerRead instead) => new(instead, null, null, 0, 0, 0, 0, ReadSource.Speed);

    public bool IsKnown => State is not null;
}

public static class Positions
{
    /// <summary>The one that concerns a partition.</summary>
    public static Position? In(this IReadOnlyList<Position>? positions, int partition)
    {
        for (var i = 0; i < (positions?.Count ?? 0); i++)
            if (positions![i].Partition == partition) return positions[i];
        return null;
    }
}
