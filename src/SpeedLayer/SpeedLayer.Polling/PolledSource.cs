using Lambda.SpeedLayer.Sources;

namespace Lambda.SpeedLayer.Polling;

/// <summary>An HTTP API of others that is asked for changes. Read from YAML by <see cref="PolledSourceReader"/>; see docs/sources.md.</summary>
/// <param name="Url">The first page; the only host that is ever asked.</param>
/// <param name="Headers">Sent with each request; values are secrets.</param>
/// <param name="Items">Where the array of items is in the answer; empty: the answer is the array.</param>
/// <param name="PagesMax">Pages of one poll; the next poll goes on behind them.</param>
/// <param name="EventId">Template such as `{source}:{id}:{updated_at}`; null: items have an event_id.</param>
/// <param name="Fields">What items have to look like.</param>
public sealed record PolledSource(
    string Name, Uri Url, IReadOnlyDictionary<string, string> Headers, string Items, Paging Paging, Since? Since, int PagesMax, int PageBytesMax,
    TimeSpan Interval, TimeSpan Timeout, string? EventId, EventMap Events, IReadOnlyDictionary<string, FieldType> Fields)
{
    /// <summary>Tells whether a page that was kept belongs to this walk: another address or another paging begins anew.</summary>
    public string Fingerprint => $"{Url} {Items} {Paging} {Since?.Parameter}";
}

/// <summary>How the next page is asked for.</summary>
public abstract record Paging
{
    private Paging() { }

    public sealed record None : Paging;

    /// <param name="Path">Where its address is in the answer; null: in the header Link, rel=next.</param>
    public sealed record NextLink(string? Path) : Paging;

    /// <param name="Last">Where the number of the last page is in the answer; null: an empty page ends.</param>
    public sealed record Number(string Parameter, int First, string? Last) : Paging;

    /// <param name="Path">Where the next cursor is in the answer; missing, null or empty ends.</param>
    public sealed record Cursor(string Parameter, string Path) : Paging;
}

/// <summary>Which changes are asked for: those since the newest that was seen.</summary>
/// <param name="Parameter">Of the query.</param>
/// <param name="OfItems">A field of the items (the greatest counts); otherwise of the answer.</param>
/// <param name="Start">The first time; null: everything.</param>
/// <param name="Overlap">Asked for again each time, because a change may become visible after a newer one: a time, or a number as ticks.</param>
public sealed record Since(string Parameter, string Path, bool OfItems, SinceType Type, string? Start, long Overlap);

public enum SinceType { Time, Number, Opaque }

/// <param name="Kind">string, integer, number, boolean, time, object, array, any.</param>
/// <param name="MayLack">It may be missing or null.</param>
public readonly record struct FieldType(string Kind, bool MayLack)
{
    public static readonly string[] Kinds = ["string", "integer", "number", "boolean", "time", "object", "array", "any"];
}
