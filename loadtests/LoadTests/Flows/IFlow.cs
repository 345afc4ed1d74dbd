namespace Lambda.LoadTests.Flows;

/// <summary>One request, as a runner of whatever kind sends it.</summary>
/// <param name="Body">Null for a GET.</param>
/// <param name="Token">Comes back with the answer.</param>
internal readonly record struct Request(string Path, ReadOnlyMemory<byte>? Body, int Token)
{
    public string MediaType { get; init; } = "application/x-ndjson";
}

/// <summary>A kind of request: what to send next, and whether the answer is right. Knows no runner; is called by one thread at a time.</summary>
internal interface IFlow
{
    string Name { get; }

    /// <summary>Answers that were wrong, told in words: a wrong answer is a failed test, a refused or lost request is not.</summary>
    IReadOnlyList<string> Wrong { get; }

    /// <returns>False when there is nothing to send now.</returns>
    bool TryNext(out Request request);

    /// <returns>False when the request failed.</returns>
    bool Accept(int token, int status, ReadOnlySpan<byte> body);

    /// <summary>No answer came: it may or may not have been taken.</summary>
    void Lost(int token);
}

/// <summary>A flow whose requests must all be acknowledged in the end.</summary>
internal interface IFinishing : IFlow
{
    /// <summary>Sent, or about to be, and not acknowledged yet.</summary>
    long Unacknowledged { get; }

    /// <summary>From now on only what must be sent again is sent.</summary>
    void EndNew();
}

/// <summary>A flow at a rate that may change with the time since the beginning.</summary>
internal sealed record RatedFlow(IFlow Flow, Func<TimeSpan, double> RequestsPerSecond, int Connections);

/// <summary>Keeps the first few wrong answers; counts all.</summary>
internal sealed class WrongAnswers
{
    private const int Kept = 20;
    private readonly List<string> _told = [];
    private long _count;

    public IReadOnlyList<string> Told => _count <= _told.Count ? _told : [.. _told, $"… and {_count - _told.Count} more"];

    public void Add(string text)
    {
        if (++_count <= Kept) _told.Add(text);
    }
}
