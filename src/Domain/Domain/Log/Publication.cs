namespace Lambda.Domain.Log;

/// <summary>A file or table that belongs to an epoch, by name and content hash (lower-case hex SHA-256).</summary>
public sealed record Artefact(string Name, string Hash, long Rows);

/// <summary>
/// The one durable record that makes a batch view the served one; everything else follows it. Epoch 0 names the first definition and holds nothing.
/// </summary>
/// <param name="CutAppendedAtMs">Per partition the append time of the cut's barrier, ms since 1970.</param>
/// <param name="Artefacts">One base file per partition, in order.</param>
public sealed record Publication(
    long Epoch, string Run, string DefinitionHash, Cut Cut, IReadOnlyList<long> CutAppendedAtMs, IReadOnlyList<Artefact> Artefacts, long AtMs)
{
    public static Publication Initial(string definitionHash, int partitions, long atMs) =>
        new(0, "", definitionHash, Cut.Zero(partitions), new long[partitions], [], atMs);
}
