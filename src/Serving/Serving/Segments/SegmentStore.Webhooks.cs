using System.Data.Common;
using Lambda.Serving.Cases;
using Lambda.Serving.Ports;

namespace Lambda.Serving.Segments;

public sealed partial class SegmentStore : IWebhooks
{
    private const string WebhookColumns = "id, url, segments, enabled, secret, created_by, created_at_ms, purpose, previous_secret, previous_until_ms, topic";

    /// <summary>Deliveries of changes of segments: those of cases count in numbers of their own.</summary>
    private const string OfChanges = "webhook IN (SELECT id FROM webhooks WHERE topic = 0)";

    public IReadOnlyList<Webhook> List() => database.Read("read the webhooks", connection => connection.List($"SELECT {WebhookColumns} FROM webhooks ORDER BY created_at_ms, id", WebhookOf));

    public Webhook? Get(string id) => database.Read("read a webhook", connection => connection.List($"SELECT {WebhookColumns} FROM webhooks WHERE id = @id", WebhookOf, ("@id", id)).FirstOrDefault());

    public void Add(Webhook webhook) => database.Write("add a webhook", connection => connection.Run(
        $"INSERT INTO webhooks({WebhookColumns}) VALUES (@id, @url, @segments, @enabled, @secret, @created_by, @created_at_ms, @purpose, @previous, @until, @topic)",
        ("@id", webhook.Id), ("@url", webhook.Url), ("@segments", Joined(webhook.Segments)), ("@enabled", webhook.Enabled ? 1L : 0L), ("@secret", webhook.Secret),
        ("@created_by", webhook.CreatedBy), ("@created_at_ms", webhook.CreatedAtMs), ("@purpose", webhook.Purpose ?? ""),
        ("@previous", webhook.Previous?.Secret ?? ""), ("@until", webhook.Previous?.UntilMs ?? 0), ("@topic", (int)webhook.Topic)));

    public bool Change(string id, string url, IReadOnlyList<string> segments, bool enabled) => Affects("change a webhook",
        "UPDATE webhooks SET url = @url, segments = @segments, enabled = @enabled WHERE id = @id", ("@id", id), ("@url", url), ("@segments", Joined(segments)), ("@enabled", enabled ? 1L : 0L));

    public bool Rotate(string id, string replaced, string secret, long untilMs) => Affects("change a webhook's secret",
        "UPDATE webhooks SET previous_secret = secret, previous_until_ms = @until, secret = @secret WHERE id = @id AND secret = @replaced",
        ("@id", id), ("@replaced", replaced), ("@secret", secret), ("@until", untilMs));

    /// <summary>Seals secrets that were stored in the clear, and forgets replaced ones that sign no more. What stood in the files is overwritten.</summary>
    public void SealSecrets(WebhookSecrets secrets, long nowMs)
    {
        var changed = Affects("forget replaced secrets", "UPDATE webhooks SET previous_secret = '', previous_until_ms = 0 WHERE previous_secret <> '' AND previous_until_ms <= @now", ("@now", nowMs));
        foreach (var webhook in secrets.CanSeal ? List() : [])
            if (!WebhookSecrets.IsSealed(webhook.Secret))
                changed |= Affects("seal a webhook's secret", "UPDATE webhooks SET secret = @sealed WHERE id = @id AND secret = @clear", ("@id", webhook.Id), ("@clear", webhook.Secret), ("@sealed", secrets.Seal(webhook.Id, webhook.Secret)));
        if (changed) database.Purge("webhooks");
    }

    public bool Remove(string id)
    {
        var removed = false;
        database.Write("remove a webhook", connection =>
        {
            removed = connection.Run("DELETE FROM webhooks WHERE id = @id", ("@id", id)) > 0;
            connection.Run("DELETE FROM webhook_deliveries WHERE webhook = @id", ("@id", id));
        });
        return removed;
    }

    public IReadOnlyDictionary<string, OutboxCounts> Counts() => database.Read("count deliveries", connection => connection.List("""
        SELECT d.webhook, CAST(count(*) - sum(d.dead) AS bigint), CAST(sum(d.dead) AS bigint), min(CASE WHEN d.dead = 0 THEN coalesce(c.at_ms, f.alerted_at_ms) END),
            (SELECT e.error FROM webhook_deliveries e WHERE e.webhook = d.webhook AND e.error <> '' ORDER BY e.number DESC LIMIT 1)
        FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook
            LEFT JOIN segment_changes c ON w.topic = 0 AND c.number = d.number LEFT JOIN fraud_cases f ON w.topic = 1 AND f.number = d.number
        GROUP BY d.webhook
        """,
        row => (Webhook: row.GetString(0), Counts: new OutboxCounts(row.GetInt64(1), row.GetInt64(2), row.IsDBNull(3) ? null : row.GetInt64(3), row.IsDBNull(4) ? null : row.GetString(4)))))
        .ToDictionary(c => c.Webhook, c => c.Counts);

    public IReadOnlyList<Delivery> Claim(string webhook, long nowMs, long untilMs, int limit)
    {
        List<Delivery> claimed = [];
        database.Write("claim deliveries", connection =>
        {
            // The outer due_ms is looked at again under the row's lock: of two nodes that find the same, one gets it.
            var taken = connection.List("""
                UPDATE webhook_deliveries SET due_ms = @until WHERE webhook = @webhook AND dead = 0 AND due_ms <= @now AND number IN (
                    SELECT d.number FROM webhook_deliveries d WHERE d.webhook = @webhook AND d.dead = 0 AND d.due_ms <= @now AND NOT EXISTS (
                        SELECT 1 FROM webhook_deliveries e WHERE e.webhook = @webhook AND e.customer = d.customer AND e.dead = 0 AND e.number < d.number)
                    ORDER BY d.number LIMIT @limit)
                RETURNING number, attempts
                """, row => (Number: row.GetInt64(0), Attempts: row.GetInt32(1)), ("@webhook", webhook), ("@now", nowMs), ("@until", untilMs), ("@limit", limit));
            if (taken.Count == 0) return;
            var topic = (WebhookTopic)connection.List("SELECT topic FROM webhooks WHERE id = @webhook", row => row.GetInt64(0), ("@webhook", webhook)).FirstOrDefault();
            foreach (var (number, attempts) in taken.Order()) claimed.AddRange(DeliveriesOf(connection, webhook, topic, number, attempts));
        });
        return claimed;
    }

    private static IEnumerable<Delivery> DeliveriesOf(DbConnection connection, string webhook, WebhookTopic topic, long number, int attempts) => topic == WebhookTopic.FraudAlerts
        ? CaseStore.Of(connection, number).Select(it => new Delivery.OfAlert(webhook, it, attempts))
        : connection.List($"SELECT number, entered, {Columns} FROM segment_changes WHERE number = @number", NumberedOf, ("@number", number)).Select(c => new Delivery.OfChange(webhook, c, attempts));

    public void Delivered(string webhook, long number) => Affects("note a delivery", "DELETE FROM webhook_deliveries WHERE webhook = @webhook AND number = @number", ("@webhook", webhook), ("@number", number));

    public void Failed(string webhook, long number, int attempts, long untilMs, string error) => Affects("note a failed delivery",
        "UPDATE webhook_deliveries SET attempts = @attempts, due_ms = @until, error = @error WHERE webhook = @webhook AND number = @number",
        ("@webhook", webhook), ("@number", number), ("@attempts", attempts), ("@until", untilMs), ("@error", error));

    public void GiveUp(string webhook, long number, int attempts, string error) => Affects("give a delivery up",
        "UPDATE webhook_deliveries SET attempts = @attempts, dead = 1, error = @error WHERE webhook = @webhook AND number = @number",
        ("@webhook", webhook), ("@number", number), ("@attempts", attempts), ("@error", error));

    public long RetryDead(string webhook)
    {
        var due = 0;
        database.Write("take up dead deliveries", connection =>
            due = connection.Run("UPDATE webhook_deliveries SET attempts = 0, dead = 0, due_ms = 0 WHERE webhook = @webhook AND dead = 1", ("@webhook", webhook)));
        return due;
    }

    private bool Affects(string doing, string sql, params (string, object)[] parameters)
    {
        var rows = 0;
        database.Write(doing, connection => rows = connection.Run(sql, parameters));
        return rows > 0;
    }

    /// <summary>Names with a blank on either side, so that none is found in another.</summary>
    private static string Joined(IReadOnlyList<string> segments) => segments.Count == 0 ? "" : $" {string.Join(' ', segments)} ";

    private static Webhook WebhookOf(DbDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetString(2).Split(' ', StringSplitOptions.RemoveEmptyEntries), row.GetInt64(3) != 0, row.GetString(4), row.GetString(5), row.GetInt64(6))
    {
        Topic = (WebhookTopic)row.GetInt64(10), Purpose = row.GetString(7) is { Length: > 0 } purpose ? purpose : null, Previous = row.GetString(8) is { Length: > 0 } previous ? (previous, row.GetInt64(9)) : null,
    };
}
