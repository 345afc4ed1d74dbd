namespace Lambda.SpeedLayer.Postgres.Local;

/// <summary>Where this machine's PostgreSQL is, and as whom it may run: it refuses to run as root.</summary>
internal static class PostgresBinaries
{
    public const string HowToInstall = "PostgreSQL is not here: install it (Debian, Ubuntu: sudo apt-get install postgresql; Fedora: sudo dnf install postgresql-server), or name a running server";

    /// <summary>Folder with initdb and postgres, the newest if there are several; null when there is none.</summary>
    public static string? Folder { get; } = Candidates().FirstOrDefault(folder => IsThere(Path.Combine(folder, "initdb")) && IsThere(Path.Combine(folder, "postgres")));

    /// <summary>Words to put before a command so that it does not run as root; empty when we are not.</summary>
    /// <exception cref="InvalidOperationException">We are root, and there is no other user or no way to become it.</exception>
    public static string[] AsUser(out string? owner)
    {
        owner = null;
        if (!Environment.IsPrivilegedProcess) return [];
        var (uid, gid, name) = User();
        owner = $"{uid}:{gid}";
        if (InPath("setpriv") is { } setpriv) return [setpriv, $"--reuid={uid}", $"--regid={gid}", "--clear-groups", "--"];
        if (InPath("runuser") is { } runuser) return [runuser, "-u", name, "--"];
        throw new InvalidOperationException("PostgreSQL refuses to run as root, and neither setpriv nor runuser is here (Debian, Ubuntu: apt-get install util-linux): run as another user");
    }

    /// <summary>What to put before a command so that Ctrl-C in our terminal does not reach it: who uses the server must be able to finish first.</summary>
    public static string[] InOwnSession() => InPath("setsid") is { } setsid ? [setsid] : [];

    private static (string Uid, string Gid, string Name) User()
    {
        var users = File.ReadLines("/etc/passwd").Select(line => line.Split(':')).Where(u => u.Length >= 4).ToArray();
        var user = users.FirstOrDefault(u => u[0] == "postgres") ?? users.FirstOrDefault(u => u[0] == "nobody")
            ?? throw new InvalidOperationException("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody: run as another user");
        return (user[2], user[3], user[0]);
    }

    private static IEnumerable<string> Candidates()
    {
        const string debian = "/usr/lib/postgresql";
        if (Directory.Exists(debian))
            foreach (var version in Directory.GetDirectories(debian).OrderByDescending(d => int.TryParse(Path.GetFileName(d), out var v) ? v : 0))
                yield return Path.Combine(version, "bin");
        if (InPath("initdb") is { } found) yield return Path.GetDirectoryName(found)!;
        yield return "/usr/local/pgsql/bin";
    }

    private static string? InPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(IsThere);

    /// <summary>A link that a removed package left behind is not.</summary>
    private static bool IsThere(string program) => File.Exists(program) && (File.ResolveLinkTarget(program, returnFinalTarget: true)?.Exists ?? true);
}
