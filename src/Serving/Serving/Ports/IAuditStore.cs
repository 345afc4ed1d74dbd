namespace Lambda.Serving.Ports;

/// <summary>
/// Where audit chains are kept: bytes that are only ever appended. One node writes one chain; every node can read all that the store has.
/// What the bytes are is <see cref="Audit.AuditCodec"/>'s business.
/// </summary>
public interface IAuditStore : IAsyncDisposable
{
    /// <summary>Name of the chain that this node writes.</summary>
    string Chain { get; }

    IReadOnlyList<string> Chains();

    /// <summary>The end of a chain as it is stored; of none when there is no such chain.</summary>
    /// <exception cref="SpeedLayer.Ports.StorageException">Cannot be read.</exception>
    AuditEnd End(string chain);

    /// <summary>Appends whole entries to this node's chain, all or nothing, durable when it returns.</summary>
    /// <param name="first">Number of the first of them.</param>
    /// <returns>False when the chain does not end right before it: somebody else has appended.</returns>
    /// <exception cref="SpeedLayer.Ports.StorageException">Not written.</exception>
    bool TryAppend(long first, int count, ReadOnlySpan<byte> entries);

    /// <summary>The stored bytes in their order, from the part that holds entry <paramref name="from"/> (or the first one there is). A part holds whole entries, unless somebody changed it.</summary>
    IEnumerable<AuditPart> Read(string chain, long from);

    /// <summary>What is odd about how it is stored without being a fault; a sentence each.</summary>
    IReadOnlyList<string> Notes();
}

/// <param name="Entries">How many there are: the number of the last one.</param>
/// <param name="Hash">Of the last entry; empty when there is none.</param>
public readonly record struct AuditEnd(long Entries, ReadOnlyMemory<byte> Hash);

/// <param name="First">Number of its first entry, as the store has it.</param>
/// <param name="Place">For messages: a file, or a row.</param>
public readonly record struct AuditPart(long First, ReadOnlyMemory<byte> Bytes, string Place);
