using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Lambda.TestKit;

namespace Lambda.SystemTests.Operations;

/// <summary>A CA and what it has signed, as PEM files.</summary>
internal sealed class TlsFiles : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly X509Certificate2 _ca;

    public TlsFiles()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Test CA", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        _ca = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        File.WriteAllText(Ca, _ca.ExportCertificatePem());
    }

    public string Ca => _folder.File("ca.crt");

    /// <returns>Certificate and key of localhost, or of a client with this subject.</returns>
    public (string Certificate, string Key) Sign(string name, string subject)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var signed = request.Create(_ca, DateTimeOffset.UtcNow.AddMinutes(-30), DateTimeOffset.UtcNow.AddMinutes(30), RandomNumberGenerator.GetBytes(8));
        var (certificate, keyFile) = (_folder.File($"{name}.crt"), _folder.File($"{name}.key"));
        File.WriteAllText(certificate, signed.ExportCertificatePem());
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        return (certificate, keyFile);
    }

    public string NewFile(string name) => _folder.File(name);

    public void Dispose()
    {
        _ca.Dispose();
        _folder.Dispose();
    }
}
