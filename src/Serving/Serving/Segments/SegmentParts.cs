using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Serving.Segments;

/// <summary>What the API needs to answer about segments.</summary>
public sealed record SegmentParts(ISegmentJournal Journal, ISegmentFeed Feed, IWebhooks Webhooks, WebhookTargets Targets, WebhookSecrets Secrets)
{
    /// <summary>Wakes those who follow the feed.</summary>
    internal FeedTail Tail { get; } = new(() => Feed.Ends().Last);
}
