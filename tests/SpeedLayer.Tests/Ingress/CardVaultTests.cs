using System.Text;
using Lambda.Domain.Cards;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Cards;
using Lambda.SpeedLayer.Memory;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sqlite;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SpeedLayer.Tests.Ingress;

public sealed class CardVaultTests
{
    private readonly MemoryCardDirectory _cards = new();
    private readonly MemoryCardDigits _digits = new();
    private CardKeys? _keys = CardKeys.New();

    private CardVault Vault => field ??= new CardVault(() => _keys, _digits);

    private IReadOnlyList<string> Seen(string number) => new CardTokens(() => _keys, _cards, Vault).TokensOf(Encoding.ASCII.GetBytes(number))!;

    [Theory]
    [InlineData("4111 1111 1111 1111", "41111111", "1111")]
    [InlineData("378282246310005", "378282", "0005")]
    public void Digits_OfASeenCard_AreFoundByItsTokensAlsoBehindARotation(string number, string bin, string last)
    {
        var old = Seen(number).Single();
        _cards.Put([new CardEntry(old, CustomerId.From("ann"), true, 1, 0, 1)]);
        var lookup = new CardLookup(_cards, Vault);
        Assert.Equal((bin, last), (lookup.Find(old)!.Bin, lookup.Find(old)!.LastFour));
        _keys = _keys!.Rotated();
        var both = Seen(number);
        _keys = _keys.Without(_keys.All[1].Id);
        foreach (var token in both)
        {
            var known = lookup.Find(token)!;
            Assert.Equal((bin, last, CustomerId.From("ann")), (known.Bin, known.LastFour, known.Entry!.Customer));
            Assert.Single(known.OtherTokens);
        }
        _keys = CardKeys.New();
        Assert.Null(lookup.Find(both[0])!.Bin); // k1 again, but another secret
        _keys = null;
        Assert.Null(lookup.Find(old)!.Bin);
    }

    [Fact]
    public void Rows_WhenReadWithoutKeys_CannotBeJoinedToTokens()
    {
        using var folder = new TempFolder();
        string token;
        using (var digits = new SqliteCardDigits(folder.File("digits.db")))
        {
            var vault = new CardVault(() => _keys, digits);
            token = new CardTokens(() => _keys, _cards, vault).TokensOf("4111111111111111"u8)!.Single();
            Assert.Equal("1111", vault.Find(token)!.Value.LastFour);
            AssertNowhere("41111111", token);
            Assert.Equal(1, vault.Remove([token]));
            Assert.Null(vault.Find(token));
            _ = new CardTokens(() => _keys, _cards, vault).TokensOf("4111111111111111"u8); // seen anew, kept anew
            Assert.NotNull(vault.Find(token));
        }
        AssertNowhere("41111111", token);

        void AssertNowhere(params string[] texts)
        {
            foreach (var file in Directory.GetFiles(folder.Path, "digits.db*"))
            {
                using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                var bytes = new byte[stream.Length];
                stream.ReadExactly(bytes);
                foreach (var text in texts) Assert.True(bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(text)) < 0, file);
            }
        }
    }

    /// <summary>A token is answered although what may be kept of the number cannot be.</summary>
    [Fact]
    public void Token_WhenTheStoreOfDigitsFails_IsMadeAllTheSame()
    {
        var vault = new CardVault(() => _keys, new Broken());
        Assert.Single(new CardTokens(() => _keys, _cards, vault).TokensOf("4111111111111111"u8)!);
    }

    private sealed class Broken : ICardDigits
    {
        public void Put(string row, byte[] sealedDigits) => throw new StorageException("digits", "disk full");

        public byte[]? Find(string row) => throw new StorageException("digits", "disk full");

        public long Remove(IReadOnlyCollection<string> rows) => throw new StorageException("digits", "disk full");

        public void Dispose() { }
    }
}
