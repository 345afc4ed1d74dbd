using Lambda.Cluster.Actors.Messages;
using Lambda.Cluster.Actors.Region;
using Lambda.Domain.Events;
using Lambda.Domain.Identity;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Cluster.Actors.Partitions;

/// <summary>Of the customers of one write those that are or were part of a person, as of one moment, with the states of whole persons.</summary>
/// <param name="linkedBelow">Changes of persons up to this number of the identity log are in the table.</param>
internal sealed class PersonBatch(IPersons? persons, long linkedBelow)
{
    private readonly Dictionary<CustomerId, (Person? Person, long Number)> _looked = new(CustomerId.ByBytes.Comparer);
    private readonly Dictionary<CustomerId, Whole> _merged = new(CustomerId.ByBytes.Comparer);

    /// <summary>Canonical members whose person cannot be read now, or whose members have no definition in common.</summary>
    public List<CustomerId> Postponed { get; } = [];

    /// <param name="known">The identity log is to be known up to here: somebody who knew so much asked for rows.</param>
    public async Task ReadAsync(IReadOnlyList<CustomerId> customers, long known, CancellationToken cancel)
    {
        if (persons is null) return;
        if (persons.Identities.Number < known) persons.Identities.CatchUp();
        if (persons.Identities.Number == 0) return;
        foreach (var customer in customers)
            if (persons.Identities.Look(customer) is (_, > 0) looked) _looked[customer] = looked;
        var canonical = _looked.Where(l => l.Value.Person is { IsMerged: true } person && person.IsCanonical(l.Key)).ToList();
        foreach (var group in canonical.Chunk(ReadAtATime))
            await Task.WhenAll(group.Select(async one =>
            {
                var parts = await persons.ReadAsync(one.Value.Person!, cancel);
                lock (_merged) Take(one.Key, parts);
            }));
    }

    /// <summary>The definition of the row to be.</summary>
    public string DefinitionOf(CustomerId customer, ReadPart part) => _merged.TryGetValue(customer, out var merged) ? merged.Definition : part.Definition;

    /// <param name="alone">The customer's own row, of this view and day; asked for where it is needed.</param>
    public PopulationRow Row(CustomerId customer, int partition, ReadPart part, CompiledView view, int day, Func<PopulationRow> alone)
    {
        if (!_looked.TryGetValue(customer, out var looked)) return alone();
        var (person, number) = looked;
        var change = person is not null && person.Number > linkedBelow ? person.LastChange : PersonChange.None;
        if (person is not { IsMerged: true }) return alone() with { Linked = number, Change = change };
        var row = new PopulationRow(customer, partition, part.Epoch, part.Applied, PopulationRow.Nobody(view, day)) { IsGone = true, IsOfAnother = !person.IsCanonical(customer), Linked = number, Change = change };
        if (!_merged.TryGetValue(customer, out var merged)) return row;
        row = row with { Epoch = merged.Epoch, Applied = merged.Applied, OthersAt = merged.OthersAt };
        return merged.State is { } state ? row with { IsGone = false, Answer = Finish(state, view, day) } : row;
    }

    /// <summary>Whether this customer's row is that of a person.</summary>
    public bool IsPerson(CustomerId customer) => _merged.ContainsKey(customer);

    /// <summary>A sum that overflows is null in the row.</summary>
    public Answer? PersonOn(CustomerId customer, CompiledView view, int day) => _merged[customer].State is { } state ? Finish(state, view, day) : null;

    private const int ReadAtATime = 64;

    private static Answer Finish(State state, CompiledView view, int day) => view.Finish(state.Encoded, null, null, day, new List<string>());

    private void Take(CustomerId canonical, IReadOnlyList<ReadPart> parts)
    {
        var found = parts.Where(p => p.Outcome == PartOutcome.Found).ToList();
        if (parts.Any(p => p.Outcome is not (PartOutcome.Found or PartOutcome.Unknown)) || found.DistinctBy(p => p.Definition).Count() > 1)
        {
            Postponed.Add(canonical);
            return;
        }
        var state = State.MergeAll(found.SelectMany(p => (byte[]?[])[p.Batch, p.Closed, p.Open]).Select(part => part is null ? null : State.Decode(part)));
        _merged[canonical] = new Whole((found.Count > 0 ? found : parts)[0].Definition, parts[0].Epoch, parts[0].Applied, parts.Skip(1).Sum(p => p.Epoch + p.Applied), state);
    }

    /// <param name="Epoch">Of the canonical member, as <paramref name="Applied"/>.</param>
    /// <param name="OthersAt">Epochs and positions of the others, added up.</param>
    /// <param name="State">Null when nobody of them is known.</param>
    private sealed record Whole(string Definition, long Epoch, long Applied, long OthersAt, State? State);
}
