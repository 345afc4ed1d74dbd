namespace Lambda.Serving.Authorizations;

/// <summary>Bounds of authorizations.</summary>
public static class AuthorizationLimits
{
    public const int DeadlineMsDefault = 100, DeadlineMsMin = 5, DeadlineMsMax = 10_000;

    /// <summary>Kept back of every deadline to write the answer.</summary>
    public const int AnswerReserveMs = 3;

    /// <summary>Questions under way at one node; more are shed by policy.</summary>
    public const int UnderWayMax = 5_000;

    /// <summary>The breaker of a partition opens when half of at least so many questions within the time failed, and tries again after the pause.</summary>
    public const int BreakerMinimum = 20;
    public static readonly TimeSpan BreakerSampling = TimeSpan.FromSeconds(5), BreakerPause = TimeSpan.FromSeconds(1);
}
