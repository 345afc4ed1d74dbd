using Lambda.Serving.Ports;

namespace Lambda.Serving.Cases;

/// <summary>What may become of a case: open → assigned → confirmed_fraud | dismissed, and back when it is taken up again. Pure.</summary>
public static class CaseDesk
{
    private static readonly (CaseState State, string Name)[] Names =
        [(CaseState.Open, "open"), (CaseState.Assigned, "assigned"), (CaseState.ConfirmedFraud, "confirmed_fraud"), (CaseState.Dismissed, "dismissed")];

    public static IReadOnlyList<string> StateNames { get; } = [.. Names.Select(n => n.Name)];

    public static string NameOf(CaseState state) => Names.First(n => n.State == state).Name;

    public static CaseState? StateOf(string name) => Names.Where(n => n.Name == name).Select(n => (CaseState?)n.State).FirstOrDefault();

    private static bool IsClosed(FraudCase it) => it.State is CaseState.ConfirmedFraud or CaseState.Dismissed;

    /// <param name="to">Whose it is from now on; empty: nobody's.</param>
    /// <returns>Null when the case is closed.</returns>
    public static CaseChange? Assign(FraudCase it, string to, string by, string note, long nowMs) =>
        IsClosed(it) ? null : new CaseChange(to.Length == 0 ? CaseState.Open : CaseState.Assigned, to, by, "assigned", note.Length > 0 ? $"{to}: {note}" : to, nowMs);

    /// <returns>Null when the case is closed.</returns>
    public static CaseChange? Confirm(FraudCase it, string by, string note, long nowMs) => IsClosed(it) ? null : new CaseChange(CaseState.ConfirmedFraud, null, by, "confirmed_fraud", note, nowMs);

    /// <returns>Null when the case is closed.</returns>
    public static CaseChange? Dismiss(FraudCase it, string by, string note, long nowMs) => IsClosed(it) ? null : new CaseChange(CaseState.Dismissed, null, by, "dismissed", note, nowMs);

    /// <summary>The verdict stays in the log until there is another.</summary>
    /// <returns>Null when the case is not closed.</returns>
    public static CaseChange? Reopen(FraudCase it, string by, string note, long nowMs) =>
        IsClosed(it) ? new CaseChange(it.Assignee.Length > 0 ? CaseState.Assigned : CaseState.Open, null, by, "reopened", note, nowMs) : null;
}
