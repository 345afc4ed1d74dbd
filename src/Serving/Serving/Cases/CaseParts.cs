using Lambda.Serving.Ports;
using Lambda.Serving.Segments;

namespace Lambda.Serving.Cases;

/// <summary>What the API needs to answer about cases.</summary>
public sealed record CaseParts(IFraudCases Cases)
{
    /// <summary>Wakes those who follow alerts.</summary>
    internal FeedTail Tail { get; } = new(Cases.Last);
}
