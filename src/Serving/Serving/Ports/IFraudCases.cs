using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Serving.Ports;

/// <summary>Numbers stand in the store: never renumber.</summary>
public enum CaseState : byte { Open, Assigned, ConfirmedFraud, Dismissed }

/// <summary>An alert and what became of it.</summary>
/// <param name="Number">Place among all alerts, in the order of their making: what streams resume by.</param>
/// <param name="Version">One more with each change: who changes says which one was looked at.</param>
/// <param name="Assignee">Whose it is; empty while nobody's.</param>
public sealed record FraudCase(long Number, NewAlert Alert, long AlertedAtMs, CaseState State, string Assignee, long Version, long ChangedAtMs);

/// <summary>One thing that was done to a case. Only ever added.</summary>
/// <param name="What">`assigned`, `note`, `confirmed_fraud`, `dismissed`, `reopened`.</param>
public sealed record CaseEntry(long AtMs, string By, string What, string Text);

/// <summary>A verdict that the log has not got yet.</summary>
public sealed record DueLabel(long Number, long Version, CustomerId Customer, string Transaction, bool IsFraud, long DecidedAtMs);

/// <param name="States">Empty: all.</param>
/// <param name="Before">Only cases of a lower number; null: from the newest on.</param>
public sealed record CaseFilter(IReadOnlyList<CaseState> States, string? Assignee, CustomerId? Customer, long? Before, int Limit);

/// <param name="Assignee">Null: stays.</param>
public sealed record CaseChange(CaseState State, string? Assignee, string By, string What, string Text, long AtMs);

/// <summary>The analysts' side of cases. Every write is durable when it returns.</summary>
public interface IFraudCases
{
    /// <summary>Newest first.</summary>
    IReadOnlyList<FraudCase> List(CaseFilter filter);

    FraudCase? Get(long number);

    /// <summary>In the order in which it was done.</summary>
    IReadOnlyList<CaseEntry> EntriesOf(long number);

    /// <summary>How many there are of each state.</summary>
    IReadOnlyDictionary<CaseState, long> Counts();

    /// <summary>Changes a case and remembers who did; a verdict is due to the log from then on.</summary>
    /// <returns>False when the case is not of this version any more, or gone.</returns>
    bool Change(long number, long version, CaseChange change);

    /// <summary>Adds a note; no version is asked, nobody's note is lost to another's.</summary>
    /// <returns>False when there is no such case.</returns>
    bool Note(long number, string by, string text, long atMs);

    /// <summary>Number of the newest alert; 0 when there was none.</summary>
    long Last();

    /// <summary>Alerts behind this number, in their order.</summary>
    IReadOnlyList<FraudCase> After(long number, int limit);

    IReadOnlyList<DueLabel> DueLabels(int limit);

    /// <summary>The log has it. Does nothing when the case has another verdict by now.</summary>
    void LabelAppended(DueLabel label);

    /// <summary>Removes the customer's cases of transactions before the erasure, with all that was written of them.</summary>
    long Forget(CustomerId customer, long erasedAt);
}
