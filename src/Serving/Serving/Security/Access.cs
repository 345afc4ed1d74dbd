namespace Lambda.Serving.Security;

/// <summary>Who may use an endpoint. Made by name only, so that nobody mistakes "no role" for "nobody" or "everybody".</summary>
internal sealed record Access
{
    private Access() { }

    /// <summary>Whoever has one of these; admin always may.</summary>
    public Roles Roles { get; private init; }

    /// <summary>No key is asked for.</summary>
    public bool IsOpen { get; private init; }

    /// <summary>The key must also have the right to see personal data.</summary>
    public bool NeedsPersonalData { get; private init; }

    public static readonly Access Open = new() { IsOpen = true };

    public static readonly Access AnyKey = new() { Roles = Roles.Marketing | Roles.Fraud | Roles.Finance | Roles.Sre | Roles.Ingest };

    public static readonly Access AdminOnly = new();

    public static Access For(Roles roles, bool needsPersonalData = false) => new() { Roles = roles, NeedsPersonalData = needsPersonalData };
}

/// <summary>What of an endpoint's use goes into the audit log. Denied attempts always do.</summary>
internal enum Audited
{
    /// <summary>Nothing: it tells nothing of customers and changes nothing.</summary>
    No,

    /// <summary>An entry each, written behind: the answer does not wait.</summary>
    Behind,

    /// <summary>An entry each, durable before the first byte of an answer leaves that may show personal data; behind when the caller sees it masked.</summary>
    Read,

    /// <summary>An entry that is durable before anything is done, and one with the outcome, behind.</summary>
    Change,
}
