namespace Lambda.Serving.Segments;

/// <summary>Where a feed ends, looked up a few times a second however many follow it.</summary>
internal sealed class FeedTail(Func<long> last)
{
    private readonly Lock _gate = new();
    private long _last;
    private long _lookedAt;

    /// <summary>Until there is a change behind <paramref name="number"/>, at most <paramref name="wait"/>.</summary>
    public async Task WaitAsync(long number, TimeSpan wait, CancellationToken cancel)
    {
        for (var until = Environment.TickCount64 + (long)wait.TotalMilliseconds; Last() <= number && Environment.TickCount64 < until;)
            await Task.Delay(Limits.FeedPoll, cancel);
    }

    private long Last()
    {
        lock (_gate)
        {
            if (_lookedAt != 0 && Environment.TickCount64 - _lookedAt < Limits.FeedPoll.TotalMilliseconds) return _last;
            (_last, _lookedAt) = (last(), Environment.TickCount64);
            return _last;
        }
    }
}
