using Lambda.Domain.Events;
using Lambda.Domain.Identity;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Identity;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Cluster.Embedded;

/// <summary>
/// Rows of `customer_current` as of who is one person with whom: the canonical member's is the person's, those of the others are hidden. Who is merged with nobody
/// has the row of before.
/// </summary>
internal sealed class PersonRows(PartitionHost[] hosts, Identities identities)
{
    /// <summary>Customers whose rows could not be made now: their members had no definition in common.</summary>
    public List<CustomerId> Postponed { get; } = [];

    /// <summary>Rows of these customers and of those whose person they are part of, by partition.</summary>
    public List<(PartitionHost Host, IReadOnlyList<CustomerId> Customers)> Concerned(IEnumerable<CustomerId> changed) =>
    [
        .. changed.SelectMany(c => identities.MergedOf(c) is { } person && !person.IsCanonical(c) ? (CustomerId[])[c, person.Canonical] : [c])
            .Distinct(CustomerId.ByBytes.Comparer).GroupBy(PartitionOf).Select(g => (hosts[g.Key], (IReadOnlyList<CustomerId>)[.. g])),
    ];

    /// <param name="linkedBelow">Changes of persons up to this number of the identity log are in the table.</param>
    public IEnumerable<PopulationRow> RowsOf(PartitionHost host, IReadOnlyList<CustomerId> customers, int day, long linkedBelow)
    {
        if (identities.Number == 0) return host.RowsOf(customers, day);
        var looked = customers.ToDictionary(c => c, identities.Look, CustomerId.ByBytes.Comparer); // before anything is read: the row's number is that of these members
        return host.RowsOf([.. customers.Where(c => looked[c].Person is not { IsMerged: true })], day).Select(row => looked[row.Customer] is (var person, > 0 and var number)
            ? row with { Linked = number, Change = ChangeOf(person, linkedBelow) }
            : row).Concat(customers.Where(c => looked[c].Person is { IsMerged: true }).Select(c => Merged(host, c, looked[c].Person!, looked[c].Number, day, linkedBelow)).OfType<PopulationRow>());
    }

    /// <summary>The answer of a customer's person on some day; null when it cannot be told.</summary>
    public Answer? AnswerOn(CustomerId customer, int day)
    {
        var members = identities.MergedOf(customer)?.Members ?? [customer];
        var states = members.Select(m => hosts[PartitionOf(m)].Parts(m)).ToList();
        return OneView(states) is { } view && members.All(m => view.TilesCover(day, Clock.DayOfMs(hosts[PartitionOf(m)].LastAppendedAtMs))) && PersonState.Of(states!) is { } merged
            ? view.Finish(merged, null, null, day)
            : null;
    }

    private int PartitionOf(CustomerId customer) => Partitioner.PartitionOf(customer.Utf8, hosts.Length);

    private PopulationRow? Merged(PartitionHost host, CustomerId customer, Person person, long number, int day, long linkedBelow)
    {
        var hidden = new PopulationRow(customer, host.Partition, host.Epochs.Published, host.Applied, PopulationRow.Nobody(host.Epochs.Active, day))
        {
            IsGone = true, IsOfAnother = !person.IsCanonical(customer), Linked = number, Change = ChangeOf(person, linkedBelow),
        };
        if (!person.IsCanonical(customer)) return hidden;
        var states = person.Members.Select(m => hosts[PartitionOf(m)].Parts(m)).ToList();
        if (OneView(states) is not { } view)
        {
            Postponed.Add(customer);
            return null;
        }
        var row = hidden with { Epoch = states[0]!.Epoch, Applied = states[0]!.Applied, OthersAt = states.Skip(1).Sum(s => s!.Epoch + s.Applied) };
        try
        {
            return PersonState.Of(states!) is { } merged ? row with { IsGone = false, Answer = view.Finish(merged, null, null, day) } : row with { Answer = PopulationRow.Nobody(view, day) };
        }
        catch (MetricOverflowException)
        {
            return null; // as with a customer alone: the last row that could be computed stays
        }
    }

    private static CompiledView? OneView(IReadOnlyList<CustomerStates?> states) =>
        states.All(s => s is not null) && states.Select(s => s!.View).DistinctBy(v => v.Definition.Hash).ToList() is [var one] ? one : null;

    private static PersonChange ChangeOf(Person? person, long linkedBelow) => person is not null && person.Number > linkedBelow ? person.LastChange : PersonChange.None;
}
