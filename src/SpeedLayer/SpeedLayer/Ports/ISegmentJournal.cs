using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Segments;

namespace Lambda.SpeedLayer.Ports;

/// <summary>
/// Why a customer entered or left: something happened, a day began, the rule is another, customers were merged or unmerged; or the customer agreed to a purpose or agrees no more, which concerns only those who
/// follow for that purpose. Names are told outside, numbers are stored: append only.
/// </summary>
public enum ChangeCause { Event, Day, Definition, Consent, Merge, Unmerge }

/// <summary>A customer entered or left a segment. The change by which a customer entered is also how its membership is kept.</summary>
/// <param name="Definition">Hash of the definition that found it so.</param>
/// <param name="At">Newest record of the customer's partition that was taken into account.</param>
/// <param name="Day">UTC day that the rule was judged for.</param>
/// <param name="AtMs">When it was found.</param>
public sealed record SegmentChange(CustomerId Customer, string Segment, bool Entered, string Definition, Position At, int Day, ChangeCause Cause, long AtMs)
{
    /// <summary>
    /// Those who follow for one of these purposes are concerned. Of a membership: for which of them the customer counts as being in. Who follows for no purpose is concerned by every change but
    /// those that are by <see cref="ChangeCause.Consent"/> alone.
    /// </summary>
    public PurposeSet Purposes { get; init; }

    /// <summary>See <see cref="PopulationRow.OthersAt"/>: of a merged person, <see cref="At"/> stays where it is when another member does something.</summary>
    public long OthersAt { get; init; }

    /// <summary>See <see cref="PopulationRow.Linked"/>.</summary>
    public long Linked { get; init; }

    /// <summary>The same for a repeat of the same change, wherever it comes from: made of customer, segment, definition, position and day, of what the person is, and where consent did it of the purposes.</summary>
    public string Id => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture, $"{Customer}\n{Segment}\n{Definition}\n{At}\n{Day}\n{(Entered ? 1 : 0)}{OfPerson}{(Cause == ChangeCause.Consent ? $"\n{Purposes}" : "")}"))).AsSpan(0, 16));

    private string OfPerson => Linked == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"\n{OthersAt}\n{Linked}");
}

/// <param name="Number">Place in the feed: ascending, with gaps. Who has read up to one has read all before it.</param>
public sealed record NumberedChange(long Number, SegmentChange Change);

/// <summary>What all customers of a partition were last looked at for, from the first to the last.</summary>
public sealed record SegmentSweep(string Definition, int Day);

/// <summary>Who may write for a partition: an owner that was overtaken is refused.</summary>
public readonly record struct PartitionFence(int Partition, long Generation);

/// <summary>Who is in which segment, and every change of it. Written by whoever writes the customers' population rows.</summary>
public interface ISegmentJournal
{
    /// <summary>By customer the changes by which it entered the segments it is in; customers in none are left out.</summary>
    IReadOnlyDictionary<CustomerId, IReadOnlyList<SegmentChange>> MembershipsOf(IReadOnlyCollection<CustomerId> customers);

    /// <summary>Definition of the newest change that is kept of this customer; null when none is.</summary>
    string? LastDefinitionOf(CustomerId customer);

    /// <summary>
    /// One durable transaction: memberships follow the changes (one by consent moves only for which purposes the customer counts), the feed gets them in this order with ascending numbers, and every webhook that wants one gets it to deliver.
    /// Nobody ever sees a number before a lower one.
    /// </summary>
    /// <param name="fence">Null where there is but one process.</param>
    /// <exception cref="FencedException">A newer owner has the partition; nothing was recorded.</exception>
    void Record(IReadOnlyList<SegmentChange> changes, PartitionFence? fence);

    /// <summary>Null before the first sweep of the partition.</summary>
    SegmentSweep? SweepOf(int partition);

    void SetSweep(int partition, SegmentSweep sweep);
}
