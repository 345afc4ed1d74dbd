using Lambda.Serving.Ports;
using Lambda.Serving.Security;

namespace Lambda.Serving.Segments;

/// <summary>What webhooks may be told of: its name outside, and who may have it told.</summary>
public static class WebhookTopics
{
    private static readonly (WebhookTopic Topic, string Name, Roles Roles)[] Known =
        [(WebhookTopic.SegmentChanges, "segment_changes", Roles.Marketing), (WebhookTopic.FraudAlerts, "fraud_alerts", Roles.Fraud)];

    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(k => k.Name)];

    public static string NameOf(WebhookTopic topic) => Known.First(k => k.Topic == topic).Name;

    public static WebhookTopic? Of(string name) => Known.Where(k => k.Name == name).Select(k => (WebhookTopic?)k.Topic).FirstOrDefault();

    public static Roles RolesOf(WebhookTopic topic) => Known.First(k => k.Topic == topic).Roles;
}
