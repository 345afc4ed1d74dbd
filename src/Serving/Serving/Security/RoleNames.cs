namespace Lambda.Serving.Security;

/// <summary>Roles as they are written outside. Names stand in stores and answers: never rename.</summary>
public static class RoleNames
{
    private static readonly (Roles Role, string Name)[] Known =
    [
        (Roles.Marketing, "marketing"), (Roles.Fraud, "fraud"), (Roles.Finance, "finance"), (Roles.Sre, "sre"), (Roles.Ingest, "ingest"), (Roles.Admin, "admin"),
    ];

    public static IReadOnlyList<string> All { get; } = [.. Known.Select(k => k.Name)];

    public static IReadOnlyList<string> Of(Roles roles) => [.. Known.Where(k => roles.HasFlag(k.Role)).Select(k => k.Name)];

    /// <summary>Null when a name is unknown.</summary>
    public static Roles? Parse(IEnumerable<string> names)
    {
        var roles = Roles.None;
        foreach (var name in names)
        {
            var known = Known.FirstOrDefault(k => k.Name == name);
            if (known.Name is null) return null;
            roles |= known.Role;
        }
        return roles;
    }
}
