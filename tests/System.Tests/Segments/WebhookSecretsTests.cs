using System.Security.Cryptography;
using System.Text;
using Lambda.Serving.Segments;
using Xunit;

namespace Lambda.SystemTests.Segments;

public sealed class WebhookSecretsTests
{
    private static readonly WebhookSecrets Secrets = new(Encoding.ASCII.GetBytes("0123456789abcdef0123456789abcdef"));

    [Fact]
    public void Seal_OfASecret_OpensForItsWebhookOnly()
    {
        var stored = Secrets.Seal("wh-1", "whsec_ü");
        Assert.DoesNotContain("whsec", stored, StringComparison.Ordinal);
        Assert.NotEqual(stored, Secrets.Seal("wh-1", "whsec_ü"));
        Assert.Equal("whsec_ü", Secrets.Open("wh-1", stored));
        Assert.Throws<CryptographicException>(() => Secrets.Open("wh-2", stored));
        Assert.Throws<CryptographicException>(() => new WebhookSecrets(new byte[32]).Open("wh-1", stored));
        Assert.Throws<CryptographicException>(() => new WebhookSecrets(null).Open("wh-1", stored));
    }

    [Fact]
    public void Open_OfWhatWasChanged_Fails()
    {
        var stored = Secrets.Seal("wh-1", "whsec_1");
        for (var i = 3; i < stored.Length - 4; i++)
        {
            var changed = stored[..i] + (stored[i] == 'A' ? 'B' : 'A') + stored[(i + 1)..];
            Assert.Throws<CryptographicException>(() => Secrets.Open("wh-1", changed));
        }
        foreach (var cut in new[] { "v1.", "v1.AA", "v1.!!", stored[..20] }) Assert.Throws<CryptographicException>(() => Secrets.Open("wh-1", cut));
    }

    [Fact]
    public void Open_OfASecretOfBefore_IsItself() => Assert.Equal("whsec_1", new WebhookSecrets(null).Open("wh-1", "whsec_1"));
}
