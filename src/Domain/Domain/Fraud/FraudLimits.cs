namespace Lambda.Domain.Fraud;

/// <summary>Bounds of what is remembered for fraud decisions. They are part of the features' definition: another bound is another model.</summary>
public static class FraudLimits
{
    /// <summary>A customer's last transactions, kept one by one; windows up to 24 h, typical amounts and habits rest on them.</summary>
    public const int RecentTransactions = 64;

    /// <summary>Days of a customer's daily sums: today and 90 before it.</summary>
    public const int CustomerDays = 91;

    /// <summary>Days of a terminal's known transactions.</summary>
    public const int TerminalDays = 61;

    /// <summary>A terminal's hours with transactions whose labels are not due yet; what is older is settled before another is added.</summary>
    public const int PendingHours = (LabelDelayDaysMax + 1) * 24;

    public const int LabelDelayDaysMax = 14;

    /// <summary>Larger amounts are taken as this one: sums of squares times their count fit 128 bits up to ten million transactions.</summary>
    public const long AmountMinorMax = 1_000_000_000_000;

    /// <summary>An amount this many times the typical one is unusually large.</summary>
    public const int LargeTimesTypical = 3;

    public const int SecondsPerHour = 3_600, SecondsPerDay = 86_400;
}
