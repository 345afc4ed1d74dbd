namespace Lambda.SpeedLayer.Ports;

/// <summary>Input that was not taken: kept whole (card numbers masked), with why and whence, until somebody replays or discards it.</summary>
/// <param name="Id">Ascending, given by the store.</param>
/// <param name="AtMs">When, ms since 1970.</param>
/// <param name="Source">Where it came from: `http`, `file:NAME`, `log`.</param>
/// <param name="Line">1-based line or array element, 0 when there is none.</param>
/// <param name="Field">Offending field, empty when the whole is bad.</param>
/// <param name="Reason">Machine-readable code such as `unknown_type`, `card_number`, `conflicting_duplicate`.</param>
/// <param name="Detail">What was found and what was expected.</param>
/// <param name="Raw">The bytes as received, masked.</param>
/// <param name="ReplayedAtMs">When it was replayed with success, null while open.</param>
public sealed record QuarantineEntry(
    long Id, long AtMs, string Source, long Line, string Field, string Reason, string Detail, ReadOnlyMemory<byte> Raw, long? ReplayedAtMs = null);

public interface IQuarantine : IAsyncDisposable
{
    /// <summary>Durable when it returns. Ids in <paramref name="entries"/> are ignored and given by the store. An entry with the same source, reason and raw bytes that stands open is not stored twice when <paramref name="once"/>.</summary>
    /// <exception cref="QuarantineWriteException">It could not be made durable (disk full, I/O error): nothing of it was stored.</exception>
    void Add(IReadOnlyList<QuarantineEntry> entries, bool once);

    /// <summary>Open entries (or all) with id &gt; <paramref name="afterId"/>, ascending.</summary>
    IReadOnlyList<QuarantineEntry> List(long afterId, int limit, string? reason, bool includeReplayed);

    /// <exception cref="QuarantineWriteException"/>
    void MarkReplayed(IReadOnlyList<long> ids, long atMs);

    /// <summary>Deletes entries, so that nothing of what was ever deleted stands in the store's files. Repeatable.</summary>
    /// <exception cref="QuarantineWriteException"/>
    void Delete(IReadOnlyList<long> ids);

    /// <summary>Open entries by reason.</summary>
    IReadOnlyDictionary<string, long> Counts();
}

public sealed class QuarantineWriteException(string quarantine, string cause, Exception? inner = null) : Exception(
    $"{quarantine}: nothing was written to the quarantine: {cause}", inner);
