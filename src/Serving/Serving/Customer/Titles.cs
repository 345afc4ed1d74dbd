using System.Text;
using Lambda.Domain.Events;

namespace Lambda.Serving.Customer;

/// <summary>What an event was, in a few words for people: without personal data and without icons or colours, which are the reader's affair.</summary>
internal static class Titles
{
    public static string Of(EventRow row) => row.Type.Name switch
    {
        "profile" => $"Profile updated: {string.Join(", ", row.Type.Fields.Where(f => row.Has(f.Field.Ordinal)).Select(f => f.Field.Name.Replace('_', ' ')))}",
        "account" => $"Account {Text(row, EventCatalog.AccountId)} ({Text(row, EventCatalog.AccountType)}){After(row, EventCatalog.AccountStatus, ": ")}",
        "transaction" => Transaction(row),
        "login" => $"{(Flag(row, EventCatalog.Success) ? "Logged in" : "Failed to log in")}{After(row, EventCatalog.AuthMethod, " by ")}{After(row, EventCatalog.FailureReason, ": ")}",
        "app_event" => $"App: {Text(row, EventCatalog.AppEventName)}{After(row, EventCatalog.Platform, " on ")}",
        "reward" => $"{Capital(Text(row, EventCatalog.RewardAction))} {row.Number(EventCatalog.Points.Ordinal)} points{After(row, EventCatalog.RewardProgram, ", ")}",
        "credit_score" => $"Credit score {row.Number(EventCatalog.Score.Ordinal)}{After(row, EventCatalog.Bureau, " by ")}",
        "fraud_label" => $"Transaction {Text(row, EventCatalog.TransactionId)} {(Flag(row, EventCatalog.IsFraud) ? "confirmed as fraud" : "cleared")}",
        "consent" => $"Consent to {Text(row, EventCatalog.Purpose).Replace('_', ' ')} {(Flag(row, EventCatalog.Granted) ? "given" : "withdrawn")}",
        "identify" => $"{(row.Has(EventCatalog.IdentifierIsLinked.Ordinal) && !Flag(row, EventCatalog.IdentifierIsLinked) ? "Lost" : "Known by")} {Text(row, EventCatalog.IdentifierKind)} identifier",
        var other => other.Replace('_', ' '),
    };

    /// <summary>Minor units, negative where money left the customer; null where the event is about no money.</summary>
    public static (long Minor, string Currency)? AmountOf(EventRow row)
    {
        if (row.Type == EventCatalog.Transaction)
            return (Text(row, EventCatalog.Direction) == "debit" ? -row.Number(EventCatalog.AmountMinor.Ordinal) : row.Number(EventCatalog.AmountMinor.Ordinal), Text(row, EventCatalog.Currency));
        return row.Type == EventCatalog.Account && row.Has(EventCatalog.BalanceMinor.Ordinal)
            ? (row.Number(EventCatalog.BalanceMinor.Ordinal), Text(row, EventCatalog.BillingCurrency))
            : null;
    }

    private static string Transaction(EventRow row)
    {
        var what = (Text(row, EventCatalog.Status), Text(row, EventCatalog.Direction)) switch
        {
            ("declined", _) => "Declined",
            ("reversed", _) => "Reversed",
            (_, "debit") => Text(row, EventCatalog.Category) == "cash" || Text(row, EventCatalog.Channel) == "atm" ? "Cash" : "Purchase",
            _ => Text(row, EventCatalog.Category) is "salary" or "transfer" ? Capital(Text(row, EventCatalog.Category)) : "Refund",
        };
        var where = row.Has(EventCatalog.MerchantName.Ordinal) ? EventCatalog.MerchantName : row.Has(EventCatalog.MerchantId.Ordinal) ? EventCatalog.MerchantId : EventCatalog.Category;
        return $"{what}{After(row, where, ": ")}{After(row, EventCatalog.FailureReason, ", ")}";
    }

    private static string After(EventRow row, Field field, string before) => row.Has(field.Ordinal) ? before + Text(row, field) : "";

    private static string Text(EventRow row, Field field) => row.Has(field.Ordinal) ? Encoding.UTF8.GetString(row.Text(field.Ordinal)) : "";

    private static bool Flag(EventRow row, Field field) => row.Has(field.Ordinal) && row.Number(field.Ordinal) != 0;

    private static string Capital(string word) => word.Length == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..];
}
