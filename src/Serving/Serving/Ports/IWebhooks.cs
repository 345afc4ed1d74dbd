using Lambda.SpeedLayer.Ports;

namespace Lambda.Serving.Ports;

/// <summary>Who is told of changes and alerts by a request of ours, and what is still to be told: the outbox.</summary>
public interface IWebhooks
{
    /// <summary>In the order in which they were made.</summary>
    IReadOnlyList<Webhook> List();

    Webhook? Get(string id);

    void Add(Webhook webhook);

    /// <summary>What is to be delivered from now on; what already waits goes to the new address.</summary>
    /// <returns>False when there is none of this id.</returns>
    bool Change(string id, string url, IReadOnlyList<string> segments, bool enabled);

    /// <summary>The secret that signs from now on; the one it replaces signs, too, until <paramref name="untilMs"/>, one of before no more.</summary>
    /// <param name="replaced">As it is stored.</param>
    /// <returns>False when there is none of this id whose secret that is: somebody else was faster.</returns>
    bool Rotate(string id, string replaced, string secret, long untilMs);

    /// <summary>With all that waits for it.</summary>
    bool Remove(string id);

    /// <summary>By webhook; one that is missing has nothing.</summary>
    IReadOnlyDictionary<string, OutboxCounts> Counts();

    /// <summary>
    /// Takes deliveries that are due, of each customer the oldest only, so that what concerns a customer arrives in order. Nobody else gets them until <paramref name="untilMs"/>: whoever
    /// takes some and dies delays them, and loses none.
    /// </summary>
    IReadOnlyList<Delivery> Claim(string webhook, long nowMs, long untilMs, int limit);

    void Delivered(string webhook, long number);

    /// <summary>It failed once more and is claimed until then.</summary>
    void Failed(string webhook, long number, int attempts, long untilMs, string error);

    /// <summary>Nobody tries it any more; what comes behind it for the same customer goes on.</summary>
    void GiveUp(string webhook, long number, int attempts, string error);

    /// <summary>What was given up is due again.</summary>
    /// <returns>How many.</returns>
    long RetryDead(string webhook);
}

/// <summary>What a webhook is told of. Numbers stand in the store: never renumber.</summary>
public enum WebhookTopic : byte { SegmentChanges, FraudAlerts }

/// <param name="Segments">Those it is told of; empty for all.</param>
/// <param name="Secret">Signs what is sent; as it is stored. Shown once.</param>
/// <param name="CreatedBy">Name of the key.</param>
public sealed record Webhook(string Id, string Url, IReadOnlyList<string> Segments, bool Enabled, string Secret, string CreatedBy, long CreatedAtMs)
{
    /// <summary>Fixed: the receiver and the role that may change it rest on it.</summary>
    public WebhookTopic Topic { get; init; }

    /// <summary>It is told only of customers who agree to this; null: of all. Fixed, for what a receiver knows already rests on it.</summary>
    public string? Purpose { get; init; }

    /// <summary>Signs, too, until then: the secret that the newest replaced, as it is stored; null when none does.</summary>
    public (string Secret, long UntilMs)? Previous { get; init; }
}

/// <param name="Dead">Given up.</param>
/// <param name="OldestAtMs">When the oldest change that waits was found; null when none does.</param>
/// <param name="Error">Of the newest change that failed and waits or was given up.</param>
public sealed record OutboxCounts(long Pending, long Dead, long? OldestAtMs, string? Error);

/// <param name="Number">Of the change in its feed, or of the case.</param>
/// <param name="Attempts">Failed so far.</param>
public abstract record Delivery(string Webhook, long Number, int Attempts)
{
    public sealed record OfChange(string Webhook, NumberedChange Change, int Attempts) : Delivery(Webhook, Change.Number, Attempts);

    /// <param name="Case">As it is now.</param>
    public sealed record OfAlert(string Webhook, FraudCase Case, int Attempts) : Delivery(Webhook, Case.Number, Attempts);
}
