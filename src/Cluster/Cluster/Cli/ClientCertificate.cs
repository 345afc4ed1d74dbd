using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Lambda.Cluster.Cli;

/// <summary>How commands prove who they are to an installation behind a TLS gateway: PEM files named in the environment.</summary>
internal static class ClientCertificate
{
    /// <summary>The CA that must have signed the gateway's certificate; else the machine's own CAs are asked.</summary>
    public const string CaVariable = "LAMBDA_TLS_CA";

    /// <summary>Our certificate and its key; both or none.</summary>
    public const string CertificateVariable = "LAMBDA_TLS_CERT", KeyVariable = "LAMBDA_TLS_KEY";

    /// <exception cref="CommandException">A file cannot be read, or only one of two is named.</exception>
    public static SocketsHttpHandler NewHandler(Func<string, string?> environment)
    {
        var handler = new SocketsHttpHandler();
        var (ca, certificate, key) = (environment(CaVariable), environment(CertificateVariable), environment(KeyVariable));
        if (ca is { Length: > 0 })
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, CustomTrustStore = { Read(CaVariable, ca, X509CertificateLoader.LoadCertificateFromFile) },
            };
        if (certificate is { Length: > 0 } != key is { Length: > 0 })
            throw new CommandException(ExitCode.Usage, $"{CertificateVariable} and {KeyVariable} belong together; only one is set");
        if (certificate is { Length: > 0 })
            handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(
                Read(CertificateVariable, certificate, file => X509Certificate2.CreateFromPemFile(file, key)), additionalCertificates: null, offline: true);
        return handler;
    }

    private static X509Certificate2 Read(string variable, string file, Func<string, X509Certificate2> read)
    {
        try
        {
            return read(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CommandException(ExitCode.Environment, $"{variable}: {file}: {e.Message}");
        }
    }
}
