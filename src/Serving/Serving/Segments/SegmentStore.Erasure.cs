using Lambda.Domain.Events;

namespace Lambda.Serving.Segments;

// What is left of somebody who was erased.
public sealed partial class SegmentStore
{
    /// <summary>
    /// Takes out what is of before the erasure at this offset: memberships, and changes with what webhooks were to be told of them. Who is in a segment behind it is a new
    /// customer, and keeps what came since; nobody else keeps anything.
    /// </summary>
    /// <returns>Rows taken out; null while a webhook is still being told that the customer left.</returns>
    public long? Forget(CustomerId customer, long erasedAt)
    {
        long? removed = null;
        database.Write("forget a customer's segments", connection =>
        {
            var id = customer.Utf8.ToArray();
            if (connection.List("SELECT 1 FROM webhook_deliveries WHERE customer = @c AND dead = 0 AND webhook IN (SELECT id FROM webhooks WHERE topic = 0 AND enabled <> 0) LIMIT 1", r => r.GetInt64(0), ("@c", id)).Count > 0) return;
            var isBack = connection.List("SELECT 1 FROM segment_members WHERE customer = @c AND log_offset > @o LIMIT 1", r => r.GetInt64(0), ("@c", id), ("@o", erasedAt)).Count > 0;
            var upTo = isBack ? erasedAt : long.MaxValue;
            removed =
                connection.Run($"DELETE FROM webhook_deliveries WHERE {OfChanges} AND number IN (SELECT number FROM segment_changes WHERE customer = @c AND log_offset <= @o)", ("@c", id), ("@o", upTo))
                + connection.Run("DELETE FROM segment_changes WHERE customer = @c AND log_offset <= @o", ("@c", id), ("@o", upTo))
                + connection.Run("DELETE FROM segment_members WHERE customer = @c AND log_offset <= @o", ("@c", id), ("@o", upTo));
        });
        if (removed is not null) database.Purge("segment_members", "segment_changes", "webhook_deliveries");
        return removed;
    }
}
