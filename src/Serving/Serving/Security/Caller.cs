using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Security;

/// <summary>What a key may be for. Admin may do everything; the others see and do what their work needs.</summary>
[Flags]
public enum Roles
{
    None = 0,
    Marketing = 1,
    Fraud = 2,
    Finance = 4,
    Sre = 8,
    Admin = 16,

    /// <summary>For producers: sends events and reads nothing.</summary>
    Ingest = 32,
}

/// <summary>Who asks.</summary>
/// <param name="Name">Name of the key, as the audit log has it; never the key.</param>
/// <param name="SeesPersonalData">Whether columns marked `pii: true` are shown; else they are masked, and may not be searched or sorted by.</param>
public sealed record Caller(string Name, Roles Roles, bool SeesPersonalData)
{
    /// <summary>Whoever reaches the loopback port where no keys are asked for.</summary>
    public static readonly Caller Local = new("local", Roles.Admin, SeesPersonalData: true);

    /// <summary>Of the key, empty for who needed none.</summary>
    public string KeyId { get; init; } = "";

    public bool Is(Roles any) => (Roles & (any | Roles.Admin)) != 0;
}

internal static class Callers
{
    public static Caller Caller(this HttpContext context) => RequestScope.Of(context)?.Caller ?? Security.Caller.Local;
}
