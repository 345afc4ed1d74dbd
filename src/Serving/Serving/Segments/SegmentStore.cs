using System.Data.Common;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Segments;

namespace Lambda.Serving.Segments;

/// <summary>
/// Memberships, the feed and the outbox of the webhooks in one SQL database, so that one transaction keeps them together. The row of `segment_feed` gives the numbers: whoever
/// records holds it to the end of its transaction, so numbers are seen in their order.
/// </summary>
public sealed partial class SegmentStore(ISegmentDatabase database) : ISegmentJournal, ISegmentFeed
{
    private const string Columns = "customer, segment, definition, partition, log_offset, day, cause, at_ms, purposes, others_at, linked";
    private const string Values = "@customer, @segment, @definition, @partition, @log_offset, @day, @cause, @at_ms, @purposes, @others_at, @linked";

    // --- the journal ----------------------------------------------------------------------------------------------------------

    public IReadOnlyDictionary<CustomerId, IReadOnlyList<SegmentChange>> MembershipsOf(IReadOnlyCollection<CustomerId> customers)
    {
        var found = new Dictionary<CustomerId, IReadOnlyList<SegmentChange>>(CustomerId.ByBytes.Comparer);
        database.Read("read memberships", connection =>
        {
            database.SelectOf(connection, $"SELECT {Columns} FROM segment_members WHERE customer", [.. customers.Select(c => c.Utf8.ToArray())], row =>
            {
                var change = ChangeOf(row, 0, entered: true);
                if (found.TryGetValue(change.Customer, out var others)) ((List<SegmentChange>)others).Add(change);
                else found[change.Customer] = new List<SegmentChange> { change };
            });
            return true;
        });
        return found;
    }

    public string? LastDefinitionOf(CustomerId customer) => database.Read("read a customer's last change", connection => connection.List(
        "SELECT definition FROM segment_changes WHERE customer = @customer ORDER BY number DESC LIMIT 1", row => row.GetString(0), ("@customer", customer.Utf8.ToArray())).FirstOrDefault());

    public void Record(IReadOnlyList<SegmentChange> changes, PartitionFence? fence) => database.Write("record changes of segments", connection =>
    {
        if (fence is { } owner) database.Fence(connection, owner);
        using var next = connection.Command("UPDATE segment_feed SET last = last + @n RETURNING last", ("@n", changes.Count));
        var number = (long)next.ExecuteScalar()! - changes.Count;
        using var enter = connection.Command($"""
            INSERT INTO segment_members({Columns}) VALUES ({Values}) ON CONFLICT (customer, segment) DO UPDATE
            SET definition = excluded.definition, partition = excluded.partition, log_offset = excluded.log_offset, day = excluded.day, cause = excluded.cause, at_ms = excluded.at_ms, purposes = excluded.purposes,
                others_at = excluded.others_at, linked = excluded.linked
            """);
        using var leave = connection.Command("DELETE FROM segment_members WHERE customer = @customer AND segment = @segment");
        using var tell = connection.Command($"INSERT INTO segment_changes(number, entered, {Columns}) VALUES (@number, @entered, {Values})");
        using var deliver = connection.Command("""
            INSERT INTO webhook_deliveries(webhook, number, customer, attempts, due_ms, dead, error)
            SELECT id, @number, @customer, 0, 0, 0, '' FROM webhooks WHERE topic = 0 AND (segments = '' OR replace(segments, @within, '') <> segments)
                AND ((purpose = '' AND @byConsent = 0) OR (purpose <> '' AND replace(@purposes, ' ' || purpose || ' ', '') <> @purposes))
            """);
        foreach (var change in changes)
        {
            number++;
            var customer = change.Customer.Utf8.ToArray();
            if (change.Cause == ChangeCause.Consent) Agree(connection, change, customer);
            else if (change.Entered) Bind(enter, change, customer).ExecuteNonQuery();
            else leave.With("@customer", customer).With("@segment", change.Segment).ExecuteNonQuery();
            Bind(tell, change, customer).With("@number", number).With("@entered", change.Entered ? 1L : 0L).ExecuteNonQuery();
            deliver.With("@number", number).With("@customer", customer).With("@within", $" {change.Segment} ")
                .With("@byConsent", change.Cause == ChangeCause.Consent ? 1 : 0).With("@purposes", change.Purposes.ToString()).ExecuteNonQuery();
        }
    });

    /// <summary>
    /// The customer stays in the segment; for which purposes it counts is another. Who agrees no more is named to nobody any more: what a webhook was still to be told of its entering is not sent.
    /// </summary>
    private static void Agree(DbConnection connection, SegmentChange change, byte[] customer)
    {
        if (connection.List("SELECT purposes FROM segment_members WHERE customer = @c AND segment = @s", row => PurposeSet.Parse(row.GetString(0)), ("@c", customer), ("@s", change.Segment)) is not [var told]) return;
        var after = change.Entered ? told.With(change.Purposes) : told.Without(change.Purposes);
        connection.Run("UPDATE segment_members SET purposes = @p WHERE customer = @c AND segment = @s", ("@p", after.ToString()), ("@c", customer), ("@s", change.Segment));
        if (change.Entered) return;
        foreach (var purpose in change.Purposes.Names)
            connection.Run("""
                DELETE FROM webhook_deliveries WHERE customer = @c AND webhook IN (SELECT id FROM webhooks WHERE purpose = @p)
                    AND number IN (SELECT number FROM segment_changes WHERE customer = @c AND segment = @s AND entered <> 0)
                """, ("@c", customer), ("@p", purpose), ("@s", change.Segment));
    }

    public SegmentSweep? SweepOf(int partition) => database.Read("read a segment sweep", connection => connection.List(
        "SELECT definition, day FROM segment_sweeps WHERE partition = @partition", row => new SegmentSweep(row.GetString(0), row.GetInt32(1)), ("@partition", partition)).FirstOrDefault());

    public void SetSweep(int partition, SegmentSweep sweep) => database.Write("note a segment sweep", connection => connection.Run("""
        INSERT INTO segment_sweeps(partition, definition, day) VALUES (@partition, @definition, @day) ON CONFLICT (partition) DO UPDATE SET definition = excluded.definition, day = excluded.day
        """, ("@partition", partition), ("@definition", sweep.Definition), ("@day", sweep.Day)));

    // --- the feed -------------------------------------------------------------------------------------------------------------

    public (long First, long Last) Ends() => database.Read("read the feed's ends", connection => connection.List(
        "SELECT coalesce((SELECT min(number) FROM segment_changes), last + 1), last FROM segment_feed", row => (row.GetInt64(0), row.GetInt64(1)))[0]);

    public IReadOnlyList<NumberedChange> After(long number, int limit, string? purpose = null) => database.Read("read the feed", connection => connection.List(
        $"SELECT number, entered, {Columns} FROM segment_changes c WHERE number > @number AND {(purpose is null ? NotByConsent : ForPurpose)} ORDER BY number LIMIT @limit",
        NumberedOf, ("@number", number), ("@limit", limit), ("@purpose", $" {purpose} ")));

    private const string NotByConsent = "cause <> 3 AND @purpose <> ''";

    /// <summary>An entering that consent was withdrawn from since is not told any more, to whoever comes late.</summary>
    private const string ForPurpose = """
        replace(purposes, @purpose, '') <> purposes AND NOT (entered <> 0 AND EXISTS (
            SELECT 1 FROM segment_changes w WHERE w.customer = c.customer AND w.segment = c.segment AND w.number > c.number AND w.entered = 0 AND w.cause = 3
                AND replace(w.purposes, @purpose, '') <> w.purposes))
        """;

    public long Trim(long beforeMs)
    {
        var lost = 0;
        database.Write("trim the feed", connection =>
        {
            lost = connection.Run($"DELETE FROM webhook_deliveries WHERE {OfChanges} AND number IN (SELECT number FROM segment_changes WHERE at_ms < @before)", ("@before", beforeMs));
            connection.Run("DELETE FROM segment_changes WHERE at_ms < @before", ("@before", beforeMs));
        });
        return lost;
    }

    private static NumberedChange NumberedOf(DbDataReader row) => new(row.GetInt64(0), ChangeOf(row, 2, row.GetInt64(1) != 0));

    private static SegmentChange ChangeOf(DbDataReader row, int at, bool entered) => new(
        new CustomerId(row.GetFieldValue<byte[]>(at)), row.GetString(at + 1), entered, row.GetString(at + 2), new Position(row.GetInt32(at + 3), row.GetInt64(at + 4)), row.GetInt32(at + 5),
        (ChangeCause)row.GetInt32(at + 6), row.GetInt64(at + 7))
    {
        Purposes = PurposeSet.Parse(row.GetString(at + 8)), OthersAt = row.GetInt64(at + 9), Linked = row.GetInt64(at + 10),
    };

    private static DbCommand Bind(DbCommand command, SegmentChange change, byte[] customer) => command
        .With("@customer", customer).With("@segment", change.Segment).With("@definition", change.Definition).With("@partition", change.At.Partition).With("@log_offset", change.At.Offset)
        .With("@day", change.Day).With("@cause", (int)change.Cause).With("@at_ms", change.AtMs).With("@purposes", change.Purposes.ToString())
        .With("@others_at", change.OthersAt).With("@linked", change.Linked);
}
