namespace Lambda.Serving.Ports;

/// <summary>An HTTP API of others that is polled as a source of events.</summary>
/// <param name="State">`reading`, `waiting` (tries again by itself), `stopped` (somebody has to look; tried again every few minutes all the same).</param>
/// <param name="Reason">Why it is not polled; null while it is.</param>
/// <param name="Node">Where it is polled; null while nobody is known to.</param>
/// <param name="Since">The newest change taken; null when there is none, or it is not for people to read.</param>
/// <param name="WalkedAtMs">When everything there was had last been read, Unix ms; null before that.</param>
/// <param name="Pages">Pages read since it is polled by this node; the next three likewise.</param>
/// <param name="Accepted">Items that became events.</param>
/// <param name="Refused">Items that went to quarantine.</param>
/// <param name="Drifted">Items that were not as described, and fields that were new.</param>
/// <param name="NewFields">Fields that nobody described.</param>
public sealed record SourceStatus(
    string Source, string State, string? Reason, string? Node, string? Since, long? WalkedAtMs, long Pages, long Accepted, long Refused, long Drifted, IReadOnlyList<string> NewFields)
{
    public const string Reading = "reading", Waiting = "waiting", Stopped = "stopped";

    public static SourceStatus Unread(string source, string state, string reason, string? node) => new(source, state, reason, node, null, null, 0, 0, 0, 0, []);
}
