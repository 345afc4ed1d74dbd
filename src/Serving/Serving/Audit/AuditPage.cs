using Lambda.Serving.Ports;

namespace Lambda.Serving.Audit;

/// <summary>Reads of a stored audit log.</summary>
/// <param name="Next">Number to go on after; null at the end.</param>
public sealed record AuditPage(IReadOnlyList<AuditEntry> Entries, long? Next)
{
    /// <summary>Entries behind <paramref name="after"/> that fit. What is damaged is passed over: <see cref="AuditVerifier"/> tells of it.</summary>
    public static AuditPage Read(IAuditStore store, string chain, long after, int limit, Func<AuditEntry, bool> fits)
    {
        var found = new List<AuditEntry>();
        var looked = 0;
        foreach (var part in store.Read(chain, after + 1))
        {
            var rest = part.Bytes;
            for (int size; (size = AuditCodec.SizeOf(rest.Span)) > 0; rest = rest[size..])
            {
                if (AuditCodec.NumberOf(rest.Span) <= after || AuditCodec.Read(rest.Span[..size]) is not { } entry) continue;
                if (found.Count == limit || looked == Limits.AuditScanMax) return new AuditPage(found, entry.Number - 1);
                looked++;
                if (fits(entry)) found.Add(entry);
            }
        }
        return new AuditPage(found, null);
    }

    /// <summary>As it is stored, unverified; null when the chain is empty.</summary>
    public static AuditAnchor? HeadOf(IAuditStore store, string chain)
    {
        var end = store.End(chain);
        return end.Entries == 0 ? null : new AuditAnchor(chain, end.Entries, Convert.ToHexStringLower(end.Hash.Span));
    }

    /// <summary>Every chain there is, and those that an anchor names.</summary>
    public static IReadOnlyList<AuditVerdict> VerifyAll(IAuditStore store, byte[]? key, IReadOnlyList<AuditAnchor> anchors, CancellationToken cancel) =>
        [.. store.Chains().Union(anchors.Select(a => a.Chain)).Order(StringComparer.Ordinal).Select(c => AuditVerifier.Verify(store, c, key, anchors, cancel))];
}
