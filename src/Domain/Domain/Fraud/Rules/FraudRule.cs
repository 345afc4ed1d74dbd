using Lambda.Domain.Expressions;

namespace Lambda.Domain.Fraud.Rules;

/// <summary>A limit on how often, or for how much, within a span that ends at the transaction; it is passed when this one would exceed it.</summary>
/// <param name="Count">Transactions at most, this one included; null: any number.</param>
/// <param name="SumMinor">In minor units of the account's currency at most, this one included; null: any sum.</param>
public sealed record Velocity(int? Count, long? SumMinor, long WithinMicros)
{
    public bool IsPassed(CustomerFraudMemory customer, long atMicros, long amountMinor)
    {
        var (count, sum) = customer.Within(atMicros, WithinMicros);
        return count + 1 > Count || sum + amountMinor > SumMinor;
    }
}

/// <param name="When">Null: always, if its velocity limit is passed.</param>
/// <param name="Reason">What the answer says.</param>
/// <param name="IsShadow">It is noted that it would have fired, and nothing more.</param>
/// <param name="FromMicros">Before it, and from <paramref name="UntilMicros"/> on, the rule rests; by the deciding clock.</param>
public sealed record FraudRule(string Name, EventExpression? When, Velocity? Velocity, Decision Decision, string Reason, bool IsShadow, long FromMicros, long UntilMicros)
{
    /// <summary>As it was written, for those who read it.</summary>
    public string Text { get; init; } = "";
}

/// <summary>For whom a rule, or every rule, does not count until some time.</summary>
/// <param name="Rule">Null: every rule.</param>
public sealed record Suppression(string? Rule, string? CustomerId, string? CardToken, string? MerchantId, long UntilMicros, string Who, string Why);
