namespace Lambda.Serving.Webhooks;

/// <summary>Bounds of deliveries.</summary>
public sealed record WebhookOptions
{
    /// <summary>A receiver that takes longer has failed.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Before the second try; then twice as long each time, with jitter.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan DelayMax { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Tries of one change, about five hours in all: then it is given up.</summary>
    public int Tries { get; init; } = 64;

    /// <summary>Requests at a time to one webhook, from one node.</summary>
    public int Requests { get; init; } = 8;

    /// <summary>Customers of one webhook whose delivery has begun and not ended, from one node. When so many fail, the rest of the webhook waits, too.</summary>
    public int Customers { get; init; } = 200;

    /// <summary>Longer than a begun delivery can wait for its turn: <see cref="Customers"/> × <see cref="Timeout"/> / <see cref="Requests"/>.</summary>
    public TimeSpan Claim { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often the outbox is looked at.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromMilliseconds(200);
}
