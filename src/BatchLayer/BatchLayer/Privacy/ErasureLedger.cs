using System.Globalization;
using System.Text.Json;
using Lambda.BatchLayer.Ports;

namespace Lambda.BatchLayer.Privacy;

/// <summary>All erasures of the installation, oldest first, as facts: `erasures` counts them, `erasure_N` is one. Used by several nodes at once.</summary>
public sealed class ErasureLedger(IFacts facts)
{
    private const string Count = "erasures";

    public IReadOnlyList<Erasure> All() => [.. Enumerable.Range(0, Known()).Select(i => Find(i)).OfType<(Erasure Erasure, string Text)>().Select(f => f.Erasure)];

    public Erasure? Find(Guid request) => All().FirstOrDefault(e => e.Request == request);

    /// <summary>Durable when it returns.</summary>
    public void Add(Erasure erasure)
    {
        while (true)
        {
            var before = facts.Fact(Count);
            var number = int.Parse(before ?? "0", CultureInfo.InvariantCulture);
            if (!facts.TrySetFact(Name(number), null, Text(erasure)))
            {
                // Somebody wrote his and has not counted it yet, or died before: counted for him.
                facts.TrySetFact(Count, before, (number + 1).ToString(CultureInfo.InvariantCulture));
                continue;
            }
            facts.TrySetFact(Count, before, (number + 1).ToString(CultureInfo.InvariantCulture));
            return;
        }
    }

    /// <summary>Changes it as it stands now. Durable when it returns.</summary>
    public Erasure Change(Guid request, Func<Erasure, Erasure> change)
    {
        while (true)
        {
            var (number, found) = Enumerable.Range(0, Known()).Select(i => (i, Find(i))).FirstOrDefault(f => f.Item2?.Erasure.Request == request);
            if (found is not { } before) throw new InvalidOperationException($"there is no erasure {request}");
            var after = change(before.Erasure);
            if (after == before.Erasure || facts.TrySetFact(Name(number), before.Text, Text(after))) return after;
        }
    }

    private int Known() => int.Parse(facts.Fact(Count) ?? "0", CultureInfo.InvariantCulture);

    private (Erasure Erasure, string Text)? Find(int number) => facts.Fact(Name(number)) is { } text
        ? (JsonSerializer.Deserialize(text, ErasureJson.Default.Erasure) ?? throw new InvalidDataException($"fact {Name(number)} is null"), text)
        : null;

    private static string Text(Erasure erasure) => JsonSerializer.Serialize(erasure, ErasureJson.Default.Erasure);

    private static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"erasure_{number}");
}
