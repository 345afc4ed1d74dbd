using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Cards;

/// <summary>What is known of a card by its token.</summary>
/// <param name="Entry">Null: no event named it.</param>
/// <param name="Bin">Null: its number was not seen, or its key is gone.</param>
public sealed record KnownCard(string Token, CardEntry? Entry, string? Bin, string? LastFour, IReadOnlyList<string> OtherTokens);

/// <summary>Cards by their tokens: whose, under which other tokens, and the digits kept of their numbers.</summary>
public sealed class CardLookup(ICardDirectory directory, CardVault vault)
{
    /// <summary>Null when nothing is known of it.</summary>
    /// <exception cref="StorageException">It cannot be read now.</exception>
    public KnownCard? Find(string token)
    {
        var linked = directory.Linked(token);
        var (entry, digits) = (directory.Find(token), linked.Select(vault.Find).FirstOrDefault(d => d is not null));
        return entry is null && digits is null && linked.Count < 2 ? null : new KnownCard(token, entry, digits?.Bin, digits?.LastFour, [.. linked.Where(t => t != token)]);
    }
}
