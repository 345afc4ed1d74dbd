namespace Lambda.SpeedLayer.Polling;

/// <summary>Bounds of polling.</summary>
internal static class PollLimits
{
    /// <summary>Attempts behind the first, of one page in one poll.</summary>
    public const int Retries = 4;

    public static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan RetryDelayMax = TimeSpan.FromSeconds(30);

    /// <summary>A server that asks for more patience than this is asked again all the same.</summary>
    public static readonly TimeSpan RetryAfterMax = TimeSpan.FromHours(1);

    /// <summary>Failed attempts within <see cref="BreakWithin"/> that make it be left alone for <see cref="BreakFor"/>.</summary>
    public const int BreakAfter = 10;

    public static readonly TimeSpan BreakWithin = TimeSpan.FromMinutes(5);
    public static readonly TimeSpan BreakFor = TimeSpan.FromMinutes(1);

    /// <summary>A source that stopped, or one with a long interval that failed, is tried again so soon.</summary>
    public static readonly TimeSpan AgainAfter = TimeSpan.FromMinutes(5);

    /// <summary>Pages of one walk that are remembered, to notice one that goes in circles.</summary>
    public const int PagesRemembered = 1_000_000;

    /// <summary>Refused items that are remembered, so that an overlap does not bring them into quarantine at each poll.</summary>
    public const int RefusedRemembered = 100_000;

    /// <summary>The same items on so many pages on end are no progress.</summary>
    public const int SamePagesMax = 3;
}
