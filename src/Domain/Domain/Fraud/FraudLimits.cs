namespace Lambda.Domain.Fraud;

/// <summary>Bounds of the fraud memory. They are part of the definition of its features: changing one is a new definition and needs new models.</summary>
public static class FraudLimits
{
    /// <summary>The last transactions that are remembered one by one, in log order: windows up to 24 h are exact over these.</summary>
    public const int RecentMax = 64;

    /// <summary>UTC days that are remembered as buckets, counted back from the newest day seen: 90 and a week of label delay.</summary>
    public const int DaysKept = 98;

    /// <summary>UTC days that are remembered of an acceptor: 28 behind a week of label delay, and a week for what comes late.</summary>
    public const int AcceptorDaysKept = 42;

    /// <summary>Merchants, terminals, countries, devices and channels of each kind that a customer is known for; the least recently used is forgotten.</summary>
    public const int KnownMax = 48;

    /// <summary>Failed logins that are remembered.</summary>
    public const int FailedLoginsMax = 16;

    /// <summary>Earlier transactions without which nothing is called unusual.</summary>
    public const int UsualAtLeast = 5;

    /// <summary>An amount above this many times the median of the recent ones is unusual.</summary>
    public const int UnusualTimes = 3;
}
