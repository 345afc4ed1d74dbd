namespace Lambda.Load;

/// <param name="Second">Since the beginning.</param>
/// <param name="MeanMs">Of the answers that came in this second.</param>
internal readonly record struct LoadSecond(int Second, long Requests, long Failed, double MeanMs, double MaxMs);

/// <summary>What came in each second.</summary>
internal sealed class Timeline
{
    private readonly List<(long Requests, long Failed, long SumNs, long MaxNs)> _seconds = [];

    public void Add(TimeSpan at, long latencyNs, bool isRight)
    {
        var second = (int)at.TotalSeconds;
        while (_seconds.Count <= second) _seconds.Add(default);
        var (requests, failed, sum, max) = _seconds[second];
        _seconds[second] = (requests + 1, failed + (isRight ? 0 : 1), sum + latencyNs, Math.Max(max, latencyNs));
    }

    public IReadOnlyList<LoadSecond> Seconds() =>
        [.. _seconds.Select((s, i) => new LoadSecond(i, s.Requests, s.Failed, s.Requests == 0 ? 0 : s.SumNs / 1e6 / s.Requests, s.MaxNs / 1e6))];
}
