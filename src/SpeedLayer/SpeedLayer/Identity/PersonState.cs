using Lambda.Domain.Views;
using Lambda.SpeedLayer.Worker;

namespace Lambda.SpeedLayer.Identity;

/// <summary>What the members of a person are together.</summary>
public static class PersonState
{
    /// <summary>Merge of all parts of all members, whose order does not matter; null when none of them is known.</summary>
    public static State? Of(IEnumerable<CustomerStates> members) =>
        State.MergeAll(members.SelectMany(m => (byte[]?[])[m.Batch, m.Closed, m.Open]).Select(part => part is null ? null : State.Decode(part)));
}
