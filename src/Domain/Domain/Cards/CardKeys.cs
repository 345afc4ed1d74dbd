using System.Security.Cryptography;
using System.Text;

namespace Lambda.Domain.Cards;

/// <param name="Id">In every token that it makes.</param>
/// <param name="Secret">32 random bytes.</param>
public sealed record CardKey(string Id, ReadOnlyMemory<byte> Secret);

/// <summary>
/// The keys of card tokens, the current one first; the others made tokens that are still in use. As text, a line each: id, a space, 64 hexadecimal digits. Empty lines and lines
/// that begin with # say nothing.
/// </summary>
public sealed class CardKeys
{
    public const int SecretBytes = 32, KeysMax = 8, IdMax = 16;

    private CardKeys(IReadOnlyList<CardKey> all) => All = all;

    public IReadOnlyList<CardKey> All { get; }

    public CardKey Current => All[0];

    public static CardKeys New() => new([NewKey([])]);

    /// <exception cref="FormatException">A line is no key, an id comes twice, there is none, or there are too many; never shows a secret.</exception>
    public static CardKeys Parse(string text)
    {
        var keys = new List<CardKey>();
        foreach (var (number, line) in text.Split('\n').Index())
        {
            var trimmed = line.Trim();
            if (trimmed.Length == 0 || trimmed[0] == '#') continue;
            var parts = trimmed.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length != 2 || !IsId(parts[0]) || parts[1].Length != 2 * SecretBytes || !parts[1].All(char.IsAsciiHexDigit))
                throw new FormatException($"line {number + 1}: expected an id of 1..{IdMax} letters and digits, a space and {2 * SecretBytes} hexadecimal digits");
            if (keys.Exists(k => k.Id == parts[0])) throw new FormatException($"line {number + 1}: the id {parts[0]} comes twice");
            keys.Add(new CardKey(parts[0], Convert.FromHexString(parts[1])));
        }
        return keys.Count switch
        {
            0 => throw new FormatException("there is no key in it"),
            > KeysMax => throw new FormatException($"{keys.Count} keys, at most {KeysMax}: retire old ones"),
            _ => new CardKeys(keys),
        };
    }

    /// <summary>With a new current key before the others.</summary>
    /// <exception cref="FormatException">There would be too many.</exception>
    public CardKeys Rotated() => All.Count < KeysMax ? new CardKeys([NewKey(All), .. All]) : throw new FormatException($"there are {KeysMax} keys already: retire old ones first");

    /// <summary>Without this key: tokens that it made are not made any more.</summary>
    /// <exception cref="FormatException">There is none with this id, or it is the current one.</exception>
    public CardKeys Without(string id) =>
        id == Current.Id ? throw new FormatException($"{id} is the current key: rotate first")
        : All.Any(k => k.Id == id) ? new CardKeys([.. All.Where(k => k.Id != id)])
        : throw new FormatException($"no key is called {id}; there are {string.Join(", ", All.Select(k => k.Id))}");

    public override string ToString()
    {
        var text = new StringBuilder("# Keys of card tokens, the current one first. Whoever has them can tell which token is of which card: keep them like the cards' numbers.\n");
        foreach (var key in All) text.Append(key.Id).Append(' ').Append(Convert.ToHexStringLower(key.Secret.Span)).Append('\n');
        return text.ToString();
    }

    private static CardKey NewKey(IReadOnlyList<CardKey> others)
    {
        var number = others.Select(k => k.Id.StartsWith('k') && int.TryParse(k.Id.AsSpan(1), out var n) ? n : 0).DefaultIfEmpty().Max() + 1;
        return new CardKey($"k{number}", RandomNumberGenerator.GetBytes(SecretBytes));
    }

    private static bool IsId(string id) => id.Length is >= 1 and <= IdMax && id.All(char.IsAsciiLetterOrDigit);
}
