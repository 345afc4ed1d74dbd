using System.Data.Common;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud.Rules;
using Lambda.Domain.Log;
using Lambda.Serving.Ports;
using Lambda.Serving.Segments;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Serving.Cases;

/// <summary>
/// Alerts and cases in one SQL database. The row of `fraud_case_feed` gives the numbers: who adds holds it to the end of its transaction, so numbers are seen in their order.
/// A verdict and that it is due to the log are one write: what is decided reaches the log, whatever stops in between.
/// </summary>
public sealed class CaseStore(ISegmentDatabase database) : ICaseStore, IFraudCases
{
    private const string Columns =
        "number, customer, transaction_id, partition, log_offset, occurred_at, amount_minor, currency, decision, score, judgement, alerted_at_ms, state, assignee, version, changed_at_ms";

    public void Add(IReadOnlyList<NewAlert> alerts, long nowMs) => database.Write("store alerts", connection =>
    {
        using var next = connection.Command("UPDATE fraud_case_feed SET last = last + @n RETURNING last", ("@n", (long)alerts.Count));
        var number = (long)next.ExecuteScalar()! - alerts.Count;
        using var insert = connection.Command($"""
            INSERT INTO fraud_cases({Columns}, label_due)
            VALUES (@number, @customer, @transaction, @partition, @offset, @at, @amount, @currency, @decision, @score, @judgement, @now, 0, '', 1, @now, 0)
            ON CONFLICT (customer, transaction_id) DO NOTHING
            """);
        using var deliver = connection.Command("INSERT INTO webhook_deliveries(webhook, number, customer, attempts, due_ms, dead, error) SELECT id, @number, @customer, 0, 0, 0, '' FROM webhooks WHERE topic = 1");
        foreach (var it in alerts)
        {
            var isNew = insert.With("@number", ++number).With("@customer", it.Customer.Utf8.ToArray()).With("@transaction", it.Transaction).With("@partition", it.At.Partition).With("@offset", it.At.Offset)
                .With("@at", it.OccurredAtMicros).With("@amount", it.AmountMinor).With("@currency", it.Currency).With("@decision", (int)it.Decision).With("@score", it.Score ?? -1)
                .With("@judgement", it.Judgement).With("@now", nowMs).ExecuteNonQuery() == 1;
            if (isNew) deliver.With("@number", number).With("@customer", it.Customer.Utf8.ToArray()).ExecuteNonQuery();
        }
    });

    public IReadOnlyList<FraudCase> List(CaseFilter filter) => database.Read("list cases", connection => connection.List(
        $"""
        SELECT {Columns} FROM fraud_cases WHERE number < @before {StatesOf(filter.States)} AND (@assignee = '' OR assignee = @assignee) AND (@anybody = 1 OR customer = @customer)
        ORDER BY number DESC LIMIT @limit
        """, CaseOf, ("@before", filter.Before ?? long.MaxValue), ("@assignee", filter.Assignee ?? ""), ("@anybody", filter.Customer is null ? 1 : 0),
        ("@customer", filter.Customer?.Utf8.ToArray() ?? []), ("@limit", filter.Limit)));

    public FraudCase? Get(long number) => database.Read("read a case", connection => Of(connection, number).FirstOrDefault());

    /// <returns>One or none.</returns>
    internal static IReadOnlyList<FraudCase> Of(DbConnection connection, long number) => connection.List($"SELECT {Columns} FROM fraud_cases WHERE number = @n", CaseOf, ("@n", number));

    public IReadOnlyList<CaseEntry> EntriesOf(long number) => database.Read("read a case's history", connection => connection.List(
        "SELECT at_ms, by_whom, what, text FROM fraud_case_entries WHERE number = @n ORDER BY place", r => new CaseEntry(r.GetInt64(0), r.GetString(1), r.GetString(2), r.GetString(3)), ("@n", number)));

    public IReadOnlyDictionary<CaseState, long> Counts() => database.Read("count cases", connection => connection.List(
        "SELECT state, count(*) FROM fraud_cases GROUP BY state", r => ((CaseState)r.GetInt32(0), r.GetInt64(1)))).ToDictionary(c => c.Item1, c => c.Item2);

    public bool Change(long number, long version, CaseChange change)
    {
        var changed = false;
        database.Write("change a case", connection =>
        {
            var verdict = change.State is CaseState.ConfirmedFraud or CaseState.Dismissed ? version + 1 : 0;
            changed = connection.Run("""
                UPDATE fraud_cases SET state = @state, version = version + 1, changed_at_ms = @now, assignee = CASE WHEN @keeps = 1 THEN assignee ELSE @assignee END,
                    label_due = CASE WHEN @verdict = 0 THEN label_due ELSE @verdict END, verdict_at_ms = CASE WHEN @verdict = 0 THEN verdict_at_ms ELSE @now END,
                    verdict_fraud = CASE WHEN @verdict = 0 THEN verdict_fraud ELSE @fraud END
                WHERE number = @n AND version = @version
                """, ("@state", (int)change.State), ("@now", change.AtMs), ("@keeps", change.Assignee is null ? 1 : 0), ("@assignee", change.Assignee ?? ""),
                ("@verdict", verdict), ("@fraud", change.State == CaseState.ConfirmedFraud ? 1L : 0L), ("@n", number), ("@version", version)) == 1;
            if (changed) Enter(connection, number, change.By, change.What, change.Text, change.AtMs);
        });
        return changed;
    }

    public bool Note(long number, string by, string text, long atMs)
    {
        var found = false;
        database.Write("note on a case", connection =>
        {
            // Takes the case's row, so that places are given one after the other.
            found = connection.Run("UPDATE fraud_cases SET changed_at_ms = @now WHERE number = @n", ("@now", atMs), ("@n", number)) == 1;
            if (found) Enter(connection, number, by, "note", text, atMs);
        });
        return found;
    }

    public long Last() => database.Read("read the newest alert", connection => connection.List("SELECT last FROM fraud_case_feed", r => r.GetInt64(0))[0]);

    public IReadOnlyList<FraudCase> After(long number, int limit) => database.Read("read alerts", connection => connection.List(
        $"SELECT {Columns} FROM fraud_cases WHERE number > @n ORDER BY number LIMIT @limit", CaseOf, ("@n", number), ("@limit", limit)));

    public IReadOnlyList<DueLabel> DueLabels(int limit) => database.Read("read verdicts", connection => connection.List(
        "SELECT number, label_due, customer, transaction_id, verdict_fraud, verdict_at_ms FROM fraud_cases WHERE label_due > 0 ORDER BY number LIMIT @limit",
        r => new DueLabel(r.GetInt64(0), r.GetInt64(1), new CustomerId(r.GetFieldValue<byte[]>(2)), r.GetString(3), r.GetInt64(4) != 0, r.GetInt64(5)), ("@limit", limit)));

    public void LabelAppended(DueLabel label) => database.Write("note a verdict's record", connection =>
        connection.Run("UPDATE fraud_cases SET label_due = 0 WHERE number = @n AND label_due = @due", ("@n", label.Number), ("@due", label.Version)));

    public long Forget(CustomerId customer, long erasedAt)
    {
        var removed = 0L;
        database.Write("forget a customer's cases", connection =>
        {
            var id = customer.Utf8.ToArray();
            connection.Run("DELETE FROM webhook_deliveries WHERE customer = @c AND webhook IN (SELECT id FROM webhooks WHERE topic = 1) AND number IN (SELECT number FROM fraud_cases WHERE customer = @c AND log_offset < @o)", ("@c", id), ("@o", erasedAt));
            connection.Run("DELETE FROM fraud_case_entries WHERE number IN (SELECT number FROM fraud_cases WHERE customer = @c AND log_offset < @o)", ("@c", id), ("@o", erasedAt));
            removed = connection.Run("DELETE FROM fraud_cases WHERE customer = @c AND log_offset < @o", ("@c", id), ("@o", erasedAt));
        });
        database.Purge("fraud_cases", "fraud_case_entries", "webhook_deliveries");
        return removed;
    }

    private static void Enter(DbConnection connection, long number, string by, string what, string text, long atMs) => connection.Run("""
        INSERT INTO fraud_case_entries(number, place, at_ms, by_whom, what, text) SELECT @n, coalesce(max(place), 0) + 1, @at, @by, @what, @text FROM fraud_case_entries WHERE number = @n
        """, ("@n", number), ("@at", atMs), ("@by", by), ("@what", what), ("@text", text));

    private static string StatesOf(IReadOnlyList<CaseState> states) => states.Count == 0 ? "" : $"AND state IN ({string.Join(',', states.Select(s => (int)s))})";

    private static FraudCase CaseOf(DbDataReader row) => new(
        row.GetInt64(0),
        new NewAlert(new CustomerId(row.GetFieldValue<byte[]>(1)), row.GetString(2), new Position(row.GetInt32(3), row.GetInt64(4)), row.GetInt64(5), row.GetInt64(6), row.GetString(7),
            (Decision)row.GetInt32(8), row.GetDouble(9) is var score and >= 0 ? score : null, row.GetString(10)),
        row.GetInt64(11), (CaseState)row.GetInt32(12), row.GetString(13), row.GetInt64(14), row.GetInt64(15));
}
