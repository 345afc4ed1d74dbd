namespace Lambda.Domain.Fraud;

public static partial class FraudFeatures
{
    /// <summary>In the order in which <see cref="Compute"/> writes them.</summary>
    private static IEnumerable<FraudFeature> Describe() =>
        [.. Transactions(), .. OfDays(), .. OfHabits(), .. OfAcceptors()];

    private static IEnumerable<FraudFeature> Transactions()
    {
        yield return new("amount", "The amount, in minor units.");
        yield return new("hour", "UTC hour of the day.");
        yield return new("weekday", "UTC day of the week; 0 is Monday.");
        foreach (var (span, _) in Spans)
        {
            yield return new($"count_{span}", $"The customer's transactions within {span} before.");
            yield return new($"sum_{span}", $"Their amounts, in minor units.");
        }
        yield return new("unusual_24h", $"Of those within 24h, how many were unusual: above {FraudLimits.UnusualTimes} times the median of the customer's last {FraudLimits.RecentMax} then.");
        yield return new("days_since_last", "Days since the customer's last transaction.");
        yield return new("days_since_unusual", "Days since the last unusual one among those remembered.");
    }

    private static IEnumerable<FraudFeature> OfDays()
    {
        foreach (var span in DaySpans)
        {
            yield return new($"count_{span}d", $"The customer's transactions of {span} UTC days, today included.");
            yield return new($"sum_{span}d", "Their amounts, in minor units.");
            yield return new($"mean_{span}d", "Their mean amount, in minor units; 0 without any.");
            yield return new($"deviation_{span}d", "Standard deviation of their amounts, in minor units.");
            yield return new($"ratio_{span}d", "The amount by that mean; -1 without any.");
            yield return new($"z_{span}d", "The amount less that mean, in deviations; 0 without a deviation.");
            yield return new($"usual_ratio_{span}d", "The amount by the mean of those that were not unusual; -1 without any.");
            yield return new($"unusual_{span}d", "How many of them were unusual.");
            yield return new($"frauds_{span}d", "How many of them are known to be fraud.");
        }
        yield return new("days_since_fraud", "Days since the customer's newest transaction known to be fraud.");
        yield return new("median", $"Lower median of the customer's last {FraudLimits.RecentMax} amounts, in minor units; 0 without any.");
        yield return new("ratio_median", "The amount by that median; -1 without any.");
        yield return new("ratio_largest", "The amount by the largest of them; -1 without any.");
        yield return new("share_not_below", "Share of them that are not below this amount; -1 without any.");
    }

    private static IEnumerable<FraudFeature> OfHabits()
    {
        yield return new("count", "All the customer's transactions before.");
        yield return new("share_hour", "Share of them within an hour of this hour of the day; -1 without any.");
        yield return new("share_weekday", "Share of them on this weekday; -1 without any.");
        foreach (var name in new[] { "merchant", "terminal", "country", "device", "channel" })
            yield return new($"times_{name}", $"How often the customer was seen with this {name}, among the {FraudLimits.KnownMax} used last; 0 is new, -1 where none is named.");
        yield return new("declines_in_row", "Declined transactions since the last one that was not.");
        yield return new("failed_logins_1h", $"Failed logins within an hour before, of the last {FraudLimits.FailedLoginsMax}.");
        yield return new("failed_logins_24h", "Failed logins within 24 hours before, of the same.");
        yield return new("days_since_credential_change", "Days since the customer's credentials changed.");
        yield return new("days_since_address_change", "Days since the customer's address changed.");
        yield return new("km_from_last", "Kilometres from the customer's last known place; -1 where one of the two is not known.");
        yield return new("km_per_hour", "Speed from there, a second at least; -1 likewise.");
    }

    private static IEnumerable<FraudFeature> OfAcceptors()
    {
        yield return new("acceptor_count_7d", "Transactions at this terminal (or merchant, where no terminal is named) of the 7 UTC days before that of its table.");
        yield return new("acceptor_unusual_7d", "How many of them were unusual for their customer.");
        yield return new("acceptor_count_30d", "Transactions there of the 30 UTC days before that of its table.");
        foreach (var span in RiskSpans)
        {
            yield return new($"acceptor_matured_{span}d", $"Transactions there of the newest {span} UTC days whose fraud would have been known when its table was made.");
            yield return new($"acceptor_frauds_{span}d", "How many of them are known to be fraud.");
            yield return new($"acceptor_usual_frauds_{span}d", "How many of those had an amount usual for their customer.");
            yield return new($"acceptor_risk_{span}d", "Share of fraud among them; -1 without any.");
        }
        yield return new("acceptor_days_since_fraud", "Days since the newest transaction there known to be fraud.");
        foreach (var n in LastMatured)
            yield return new($"acceptor_risk_last_{n}", $"Share of fraud with usual amounts among the last {n} there whose fraud would have been known then; -1 without any.");
        yield return new("acceptor_since_fraud", $"How many of those came after the newest such fraud; {FraudTime.Never:0} without one.");
        yield return new("acceptor_unmatured", $"Of the last {FraudLimits.RecentMax} there, how many are younger.");
        yield return new("acceptor_days_since_first_fraud", $"Days since the first such fraud of the last {EpisodeDays} days.");
    }
}
