using System.Globalization;
using System.Security.Cryptography;
using Lambda.BatchLayer.Ports;
using Lambda.Serving.Security;

namespace Lambda.Cluster.Embedded;

/// <summary>What is decided once for an installation, in both editions. Where several nodes start at once, the first one's choice counts for all.</summary>
internal sealed class InstallationFacts(IFacts facts)
{
    /// <summary>P: chosen at the first start.</summary>
    /// <exception cref="DataFolderException">The installation was made with another number.</exception>
    public int Partitions(int wanted, bool insist)
    {
        var partitions = int.Parse(Once("partitions", () => wanted.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);
        return partitions == wanted || !insist
            ? partitions
            : throw new DataFolderException($"this installation has {partitions} partitions, for life; {wanted} were asked for");
    }

    /// <summary>One more than at the last start.</summary>
    public long NextGeneration()
    {
        while (true)
        {
            var before = facts.Fact("generation");
            var next = long.Parse(before ?? "0", CultureInfo.InvariantCulture) + 1;
            if (facts.TrySetFact("generation", before, next.ToString(CultureInfo.InvariantCulture))) return next;
        }
    }

    /// <summary>Key of the event-id hashes: random per installation, so that nobody can choose ids that collide.</summary>
    public (ulong Key0, ulong Key1) IdKeys()
    {
        var kept = Once("id_key", () => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));
        return (ulong.Parse(kept.AsSpan(0, 16), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            ulong.Parse(kept.AsSpan(16, 16), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
    }

    /// <summary>Signs cursors, on every node alike.</summary>
    public byte[] CursorKey() => Convert.FromHexString(Once("cursor_key", () => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32))));

    /// <summary>How the audit log calls customers.</summary>
    public CustomerPseudonym Pseudonyms()
    {
        var (key0, key1) = IdKeys();
        return new CustomerPseudonym(key0, key1);
    }

    /// <summary>The first definition, which epoch 0 names, and when that was; null before <see cref="DecideFirstDefinition"/>.</summary>
    public (string Hash, long AtMs)? FirstDefinition => facts.Fact("first_definition") is { } kept ? ParseFirstDefinition(kept) : null;

    /// <returns>This one, or the one that was decided before.</returns>
    public (string Hash, long AtMs) DecideFirstDefinition(string hash, long atMs) =>
        ParseFirstDefinition(Once("first_definition", () => string.Create(CultureInfo.InvariantCulture, $"{hash} {atMs}")));

    /// <summary>The definition the next run computes, when it is not the served one.</summary>
    public string? PendingDefinition
    {
        get => facts.Fact("pending_definition");
        set => facts.SetFact("pending_definition", value);
    }

    /// <summary>Per partition the offset below which every change is in the population table.</summary>
    public long[] PopulationWritten(int partitions)
    {
        var kept = facts.Fact("population_written")?.Split(',').Select(o => long.Parse(o, CultureInfo.InvariantCulture)).ToArray();
        return kept?.Length == partitions ? kept : new long[partitions];
    }

    public void SetPopulationWritten(long[] offsets) => facts.SetFact("population_written", string.Join(',', offsets));

    /// <summary>Changes of persons up to this number of the identity log are in the population table.</summary>
    public long PopulationLinked
    {
        get => long.Parse(facts.Fact("population_linked") ?? "0", CultureInfo.InvariantCulture);
        set => facts.SetFact("population_linked", value.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>The day the population was last swept for, days since 1970; null before the first sweep.</summary>
    public string? Swept
    {
        get => facts.Fact("population_swept");
        set => facts.SetFact("population_swept", value);
    }

    private static (string, long) ParseFirstDefinition(string kept) =>
        kept.Split(' ') is [var hash, var at] ? (hash, long.Parse(at, CultureInfo.InvariantCulture)) : throw new InvalidDataException($"fact first_definition is '{kept}'; expected HASH MS");

    private string Once(string name, Func<string> choose)
    {
        if (facts.Fact(name) is { } kept) return kept;
        var chosen = choose();
        return facts.TrySetFact(name, null, chosen) ? chosen : facts.Fact(name)!;
    }
}
