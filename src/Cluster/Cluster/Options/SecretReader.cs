using System.Security.Cryptography;
using System.Text;

namespace Lambda.Cluster.Options;

/// <summary>A secret of the installation: from a file (a mounted secret) or, as `env:NAME`, from the environment.</summary>
internal static class SecretReader
{
    private const string FromEnvironment = "env:";
    private const int BytesMin = 32;

    /// <param name="name">The setting, for errors.</param>
    /// <returns>Null when there is no setting.</returns>
    /// <exception cref="OptionsException">It is not there, or too short.</exception>
    public static byte[]? Read(string name, string? setting, Func<string, string?> environment)
    {
        if (setting is null) return null;
        var key = Encoding.UTF8.GetBytes(Text(name, setting, environment).Trim());
        return key.Length >= BytesMin ? key : throw new OptionsException($"{name}: {setting} holds {key.Length} bytes, expected {BytesMin} or more, such as `openssl rand -hex 32` gives");
    }

    /// <summary>From this file, which is made when it is missing, readable by its owner only.</summary>
    public static byte[] ReadOrMake(string name, string file)
    {
        if (!File.Exists(file))
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            var made = $"{file}.new";
            File.Delete(made);
            using (var to = new FileStream(made, options))
            {
                to.Write(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(BytesMin))));
                to.Flush(flushToDisk: true);
            }
            File.Move(made, file);
        }
        return Read(name, file, _ => null)!;
    }

    private static string Text(string name, string setting, Func<string, string?> environment)
    {
        if (setting.StartsWith(FromEnvironment, StringComparison.Ordinal))
            return environment(setting[FromEnvironment.Length..]) ?? throw new OptionsException($"{name}: the environment has no {setting[FromEnvironment.Length..]}");
        try
        {
            return File.ReadAllText(setting);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OptionsException($"{name}: {setting} cannot be read: {e.Message}");
        }
    }
}
