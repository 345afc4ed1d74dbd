using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Lambda.Serving.Http;

/// <summary>
/// The server's certificate from files: PEM with its chain and a PEM key, or PKCS #12 (.pfx, .p12) and a file with its password. Files that change (renewal) are read again
/// within seconds; when the new ones cannot be read the old certificate stays and the error is told.
/// </summary>
public sealed class TlsFiles
{
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(5);

    private readonly string _certificate;
    private readonly string? _key;
    private readonly Lock _lock = new();
    private SslServerAuthenticationOptions _options;
    private (DateTime, DateTime) _written;
    private long _lookedAt = Environment.TickCount64;

    /// <param name="key">PEM: the private key. PKCS #12: a file with the password, null for none.</param>
    /// <exception cref="InvalidDataException">They cannot be read; names the file.</exception>
    public TlsFiles(string certificate, string? key)
    {
        (_certificate, _key) = (certificate, key);
        _written = Written();
        _options = Read();
    }

    /// <summary>Told when changed files cannot be read.</summary>
    internal Action<string, Exception>? OnError { get; set; }

    internal SslServerAuthenticationOptions Now()
    {
        lock (_lock)
        {
            if (Environment.TickCount64 - _lookedAt < LookAgainAfter.TotalMilliseconds) return _options;
            _lookedAt = Environment.TickCount64;
            try
            {
                var written = Written();
                if (written == _written) return _options;
                _options = Read();
                _written = written;
            }
            catch (InvalidDataException e)
            {
                OnError?.Invoke("TLS certificate", e);
            }
            return _options;
        }
    }

    private (DateTime, DateTime) Written() => (Written(_certificate), _key is null ? default : Written(_key));

    /// <summary>Of what a link leads to: Kubernetes renews a secret by turning a link.</summary>
    private static DateTime Written(string file)
    {
        try
        {
            return File.ResolveLinkTarget(file, returnFinalTarget: true)?.LastWriteTimeUtc ?? File.GetLastWriteTimeUtc(file);
        }
        catch (IOException)
        {
            return default; // reading it says why
        }
    }

    private SslServerAuthenticationOptions Read()
    {
        try
        {
            var (own, chain) = IsPkcs12 ? ReadPkcs12() : ReadPem();
            if (!own.HasPrivateKey) throw new CryptographicException("it holds no private key");
            return new SslServerAuthenticationOptions { ServerCertificateContext = SslStreamCertificateContext.Create(own, chain, offline: true) };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new InvalidDataException($"tls_cert {_certificate}, tls_key {_key ?? "none"}: {e.Message}", e);
        }
    }

    private bool IsPkcs12 => Path.GetExtension(_certificate).ToLowerInvariant() is ".pfx" or ".p12";

    private (X509Certificate2, X509Certificate2Collection) ReadPem()
    {
        if (_key is null) throw new CryptographicException("a PEM certificate needs its key: name it with tls_key");
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(_certificate);
        return (X509Certificate2.CreateFromPemFile(_certificate, _key), chain);
    }

    private (X509Certificate2, X509Certificate2Collection) ReadPkcs12()
    {
        var all = X509CertificateLoader.LoadPkcs12CollectionFromFile(_certificate, _key is null ? null : File.ReadAllText(_key).TrimEnd('\r', '\n'));
        return (all.FirstOrDefault(c => c.HasPrivateKey) ?? throw new CryptographicException("it holds no private key"), all);
    }
}
