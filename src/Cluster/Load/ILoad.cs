using HdrHistogram;

namespace Lambda.Load;

/// <summary>What a load generator sends and how it judges what comes back. Called from the generator's one thread.</summary>
internal interface ILoad
{
    /// <summary>Adds the next request, whole, to <paramref name="to"/>.</summary>
    /// <returns>A token that comes back with the response, or -1 when there is nothing more to send.</returns>
    int Next(RequestBytes to);

    /// <returns>False when the response is not right: it then counts as failed.</returns>
    bool Accept(int token, int status, ReadOnlySpan<byte> body);

    /// <summary>The connection was lost before an answer came: the request may or may not have been taken.</summary>
    void Lost(int token) { }
}

/// <param name="Failed">Responses that were not accepted, connections lost, and answers that never came.</param>
/// <param name="Latency">Nanoseconds from when a request was due (open loop) or sent (closed loop) to its last byte.</param>
internal sealed record LoadReport(long Requests, long Failed, TimeSpan Took, LongHistogram Latency, string? FirstFailure = null)
{
    public double PerSecond => Requests / Took.TotalSeconds;

    public double Ms(double percentile) => Latency.TotalCount == 0 ? double.NaN : Latency.GetValueAtPercentile(percentile) / 1e6;

    /// <summary>Of those that failed, requests without an answer.</summary>
    public long Lost { get; init; }

    public IReadOnlyList<LoadSecond> Seconds { get; init; } = [];

    /// <summary>True when nothing failed; says what did.</summary>
    public bool IsRight(Action<string> say)
    {
        if (Failed > 0) say($"  {Failed} of {Requests} requests failed, the first with {FirstFailure}");
        return Failed == 0;
    }

    /// <summary>One report of generators that ran one after another or side by side.</summary>
    public static LoadReport Together(params IReadOnlyList<LoadReport> reports)
    {
        var all = NewHistogram();
        foreach (var report in reports) all.Add(report.Latency);
        return new LoadReport(reports.Sum(r => r.Requests), reports.Sum(r => r.Failed), reports.Max(r => r.Took), all, reports.FirstOrDefault(r => r.FirstFailure is not null)?.FirstFailure);
    }

    /// <summary>1 ns to 2 minutes at 3 digits.</summary>
    public static LongHistogram NewHistogram() => new(1, 120_000_000_000, 3);
}

/// <summary>A request being put together; grows, never shrinks.</summary>
internal sealed class RequestBytes
{
    private byte[] _bytes = new byte[1024];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public void Clear() => Length = 0;

    public RequestBytes Add(ReadOnlySpan<byte> bytes)
    {
        if (_bytes.Length < Length + bytes.Length) Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + bytes.Length));
        bytes.CopyTo(_bytes.AsSpan(Length));
        Length += bytes.Length;
        return this;
    }

    public RequestBytes AddNumber(long value)
    {
        Span<byte> text = stackalloc byte[20];
        System.Buffers.Text.Utf8Formatter.TryFormat(value, text, out var used);
        return Add(text[..used]);
    }
}
