using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Lambda.Cluster.Cli;

/// <summary>Whose certificates commands trust when they talk to a host over TLS.</summary>
internal static class ServerTrust
{
    /// <summary>PEM file of the CA that must have signed the host's certificate; else the machine's own CAs are asked.</summary>
    public const string CaVariable = "LAMBDA_TLS_CA";

    /// <exception cref="CommandException">The file cannot be read.</exception>
    public static SocketsHttpHandler NewHandler(Func<string, string?> environment)
    {
        var handler = new SocketsHttpHandler();
        if (environment(CaVariable) is { Length: > 0 } ca)
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, CustomTrustStore = { Read(ca) },
            };
        return handler;
    }

    private static X509Certificate2 Read(string file)
    {
        try
        {
            return X509CertificateLoader.LoadCertificateFromFile(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CommandException(ExitCode.Environment, $"{CaVariable}: {file}: {e.Message}");
        }
    }
}
