using Lambda.Domain.Fraud;

namespace Lambda.BatchLayer.Fraud;

/// <summary>A transaction whose truth is known in the end, in the order of the log.</summary>
/// <param name="Id">As peers' scores name it.</param>
public sealed record LabelledTransaction(string Id, string Customer, FraudTransaction Transaction, bool IsFraud)
{
    public int Day => Transaction.Day;
}
