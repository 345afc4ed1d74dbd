using System.Text;

namespace Lambda.Cluster.Options;

/// <summary>The secret of the audit log: from a file (a mounted secret) or, as `env:NAME`, from the environment.</summary>
internal static class AuditKeyReader
{
    private const string FromEnvironment = "env:";
    private const int BytesMin = 32;

    /// <exception cref="OptionsException">It is not there, or too short.</exception>
    public static byte[]? Read(string? setting, Func<string, string?> environment)
    {
        if (setting is null) return null;
        var key = Encoding.UTF8.GetBytes(Text(setting, environment).Trim());
        return key.Length >= BytesMin ? key : throw new OptionsException($"audit_key: {setting} holds {key.Length} bytes, expected {BytesMin} or more, such as `openssl rand -hex 32` gives");
    }

    private static string Text(string setting, Func<string, string?> environment)
    {
        if (setting.StartsWith(FromEnvironment, StringComparison.Ordinal))
            return environment(setting[FromEnvironment.Length..]) ?? throw new OptionsException($"audit_key: the environment has no {setting[FromEnvironment.Length..]}");
        try
        {
            return File.ReadAllText(setting);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OptionsException($"audit_key: {setting} cannot be read: {e.Message}");
        }
    }
}
